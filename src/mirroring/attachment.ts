import { z } from 'zod';
import type { Manifest } from '../image/descriptor.ts';
import { digestJson, exactJson, jsonIn } from '../image/json.ts';
import type { Attachment } from '../registry/attaching/attacher.ts';

const descriptor = exactJson({ mediaType: z.string(), digest: digestJson, size: z.int().nonnegative() });
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and image-index.md
const attached = exactJson({
  subject: descriptor,
  artifactType: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  config: exactJson({ mediaType: z.string() }).nullish(),
});

/** Returns a manifest as an attachment to its subject, for a registry that has its blobs; undefined if it names no subject. */
export function attachmentOf(manifest: Manifest): Attachment | undefined {
  const { data } = attached.safeParse(jsonIn(manifest.bytes));
  if (data === undefined) return undefined;
  const { subject, config, annotations } = data;
  const artifactType = data.artifactType ?? config?.mediaType;
  const referrer = {
    ...manifest.descriptor,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && annotations !== null && { annotations }),
  };
  const { mediaType, size } = subject;
  return { manifest, subject: { mediaType, digest: subject.digest, size }, referrer, blobs: [] };
}

const layers = exactJson({
  layers: z
    .array(exactJson({ digest: digestJson, annotations: z.record(z.string(), z.string()).nullish() }))
    .nullable()
    .transform((list) => list ?? []),
});

/** Returns true if every layer of one image, such as the signatures of a `.sig`, is among those of the other. */
export function isContained(part: Manifest, whole: Manifest): boolean {
  const [some, all] = [part, whole].map(({ bytes }) => layers.safeParse(jsonIn(bytes)).data?.layers.map(key));
  return some !== undefined && all !== undefined && some.every((layer) => all.includes(layer));
}

/** The same payload may be signed by several: only with its annotations it is one signature. */
function key(layer: z.infer<typeof layers>['layers'][number]): string {
  const annotations = Object.entries(layer.annotations ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([layer.digest, annotations]);
}
