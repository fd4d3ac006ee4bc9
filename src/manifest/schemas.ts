import { GRAMMAR } from '../image/reference.ts';
import { schemaPart } from '../yaml/schema-parts.ts';
import { PROVENANCE } from './policies/provenance-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

const HEAD = { $schema: 'https://json-schema.org/draft/2020-12/schema' } as const;

/** `[1.10]` is the tag 1.10, since every scalar is read as text; editors see a number. */
const TAG: Schema = {
  description: 'A tag of the digest; tags never move once they are promoted.',
  type: ['string', 'number', 'boolean'],
  pattern: GRAMMAR.tag,
};

const DMAP: Schema = {
  description: 'Each digest with its tags; with none, the digest is promoted by itself.',
  propertyNames: { pattern: '^sha256:[0-9a-f]{64}$' },
  additionalProperties: { type: ['array', 'null'], items: TAG },
};

/** An image of a tree may be a placeholder without digests, as in upstream. */
const PLACEHOLDER_OR_DMAP: Schema = { ...DMAP, type: ['object', 'null'] };

const imageList = (dmap: Schema): Schema => ({
  description: 'What is promoted: image names with their digests and tags. A name may stand several times.',
  type: ['array', 'null'],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'dmap'],
    properties: {
      name: {
        description: 'The image, as it comes after the name of each registry.',
        type: 'string',
        pattern: GRAMMAR.path,
      },
      dmap,
    },
  },
});

const REGISTRY: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: {
      description: 'host[:port][/path], without a scheme.',
      type: 'string',
      pattern: '^(?!.*://)[^\\s/]+(?:/[a-z0-9._/-]*)?$',
    },
    src: {
      description: 'True for exactly one registry: where images come from.',
      enum: [true, false, 'yes', 'no', 'on', 'off'],
    },
    'service-account': { description: 'Shown to people, never used for credentials.', type: ['string', 'null'] },
  },
};

const REGISTRIES: Schema = {
  description: 'From where to where: one source, and every other one gets all images.',
  type: 'array',
  minItems: 2,
  items: REGISTRY,
  contains: { type: 'object', required: ['src'], properties: { src: { enum: [true, 'yes', 'on'] } } },
  maxContains: 1,
};

/** Returns the JSON schema of promoter-manifest.yaml, which is also that of a plain manifest with images. */
export function manifestSchema(): string {
  return text({
    title: 'A manifest of kpromo (promoter-manifest.yaml)',
    type: 'object',
    additionalProperties: false,
    required: ['registries'],
    properties: {
      registries: REGISTRIES,
      images: imageList({ ...DMAP, type: 'object', minProperties: 1 }),
      imagesPath: { description: 'Accepted for old trees; has no effect.' },
      provenance: { anyOf: [schemaPart(PROVENANCE), { type: 'null' }] },
    },
  });
}

/** Returns the JSON schema of images.yaml. */
export function imagesSchema(): string {
  return text({ title: 'The images of a project of kpromo (images.yaml)', ...imageList(PLACEHOLDER_OR_DMAP) });
}

function text(schema: Schema): string {
  return `${JSON.stringify({ ...HEAD, ...schema }, null, 2)}\n`;
}
