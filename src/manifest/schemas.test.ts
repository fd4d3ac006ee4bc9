import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parsePlain, parseThin } from './parse.ts';
import { imagesSchema, manifestSchema } from './schemas.ts';

const ROOT = join(import.meta.dirname, '../..');
const ajv = new Ajv2020({ allowUnionTypes: true });
const manifest = ajv.compile(JSON.parse(manifestSchema()) as object);
const images = ajv.compile(JSON.parse(imagesSchema()) as object);

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SOURCE = '- { name: gcr.io/staging, src: true }\n';
const plain = (text: string): number =>
  parsePlain('f', { file: 'f', bytes: Buffer.from(text) }, undefined).problems.length;
const thin = (text: string): number => {
  const registries = { file: 'm', bytes: Buffer.from(`registries:\n${SOURCE}- { name: b.io/prod }\n`) };
  return parseThin('p', registries, { file: 'i', bytes: Buffer.from(text) }, undefined).problems.length;
};

/** Documents of trees as they are found, good and bad. */
const documents = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/manifests.json'), 'utf8')) as readonly {
  readonly kind: string;
  readonly name: string;
  readonly yaml: string;
  readonly ours: string;
}[];

/** Returns the value that an editor reads; undefined if it reads YAML more strictly than the program. */
function parsed(yaml: string): unknown {
  try {
    return load(yaml);
  } catch {
    return undefined;
  }
}

describe('src/manifest/schemas.ts', () => {
  const readable = documents.filter(({ yaml }) => parsed(yaml) !== undefined);

  it.each(readable.map((one) => [one.kind, one.name, one] as const))(
    'agrees with the program on %s %s',
    (kind, _, { yaml }) => {
      const isRight = kind === 'images' ? thin(yaml) === 0 : plain(yaml) === 0;
      expect((kind === 'images' ? images : manifest)(parsed(yaml))).toBe(isRight);
    },
  );

  it('was compared on most of the documents', () => {
    expect(readable.length).toBeGreaterThan(60);
  });

  it('accepts the example tree', () => {
    const [manifests, lists] = ['manifests', 'images'].map((name) =>
      globSync(`manifests/example/${name}/*/*.yaml`, { cwd: ROOT }),
    );
    expect([manifests?.length, lists?.length]).toEqual([2, 2]);
    for (const file of manifests ?? []) expect(manifest(load(readFileSync(join(ROOT, file), 'utf8')))).toBe(true);
    for (const file of lists ?? []) expect(images(load(readFileSync(join(ROOT, file), 'utf8')))).toBe(true);
  });

  it.each([
    `- name: app\n  dmap:\n    "${DIGEST}": [v1, 1.10, 2]\n`,
    `- name: sub/app\n  dmap:\n    "${DIGEST}": []\n- name: sub/app\n  dmap:\n    "${DIGEST}": [v2]\n`,
    '[]\n',
    '- name: app\n  dmap: {}\n',
    '- name: app\n  dmap:\n',
  ])('accepts the images that the program accepts: %j', (text) => {
    expect([images(load(text)), thin(text)]).toEqual([true, 0]);
  });

  it.each([
    `- name: App\n  dmap:\n    "${DIGEST}": [v1]\n`,
    `- name: app\n  dmap:\n    "sha256:short": [v1]\n`,
    `- name: app\n  dmap:\n    "${DIGEST}": ["a b"]\n`,
    `- name: app\n  dmap:\n    "${DIGEST}": v1\n`,
    `- name: app\n  tags: [v1]\n`,
    '- name: app\n',
    `- dmap:\n    "${DIGEST}": [v1]\n`,
    'name: app\n',
  ])('rejects the images that the program rejects: %j', (text) => {
    expect(images(load(text))).toBe(false);
    expect(thin(text)).toBeGreaterThan(0);
  });

  it.each([
    `registries:\n${SOURCE}- { name: "b.io:5000/prod", service-account: x@y.z }\nimages: []\n`,
    `registries:\n${SOURCE}- { name: b.io, src: false }\nimagesPath: a\nimages: []\nprovenance:\n  mode: off\n`,
    `registries:\n${SOURCE}- { name: b.io }\nimages:\n- name: app\n  dmap:\n    "${DIGEST}": [v1]\nprovenance:\n`,
  ])('accepts the manifests that the program accepts: %j', (text) => {
    expect([manifest(load(text)), plain(text)]).toEqual([true, 0]);
  });

  it.each([
    'registries: []\nimages: []\n',
    `registries:\n- { name: b.io/prod }\nimages: []\n`,
    `registries:\n${SOURCE}images: []\n`,
    `registries:\n${SOURCE}- { name: b.io }\nimages:\n- name: app\n  dmap: {}\n`,
    `registries:\n${SOURCE}${SOURCE.replace('staging', 'other')}images: []\n`,
    `registries:\n${SOURCE}- { name: "https://b.io/prod" }\nimages: []\n`,
    `registries:\n${SOURCE}- { name: b.io/Prod }\nimages: []\n`,
    `registries:\n${SOURCE}- { nam: b.io/prod }\nimages: []\n`,
    `registries:\n${SOURCE}imagess: []\n`,
    `registries:\n${SOURCE}images: []\nprovenance:\n  mode: maybe\n`,
  ])('rejects the manifests that the program rejects: %j', (text) => {
    expect(manifest(load(text))).toBe(false);
    expect(plain(text)).toBeGreaterThan(0);
  });
});
