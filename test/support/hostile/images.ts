import { createHash } from 'node:crypto';
import { MEDIA_TYPES, type Descriptor } from '../../../src/image/descriptor.ts';
import type { Digest } from '../../../src/image/digest.ts';
import type { BuiltImage } from '../registry/images.ts';
import { missing, type HostileAnswer } from './server.ts';

const MIB = 1024 * 1024;

/** What is served by its digest, or a manifest by a tag, in pieces that many may share. */
export type Part = { readonly descriptor: Descriptor; readonly pieces: readonly Uint8Array[]; readonly tag?: string };

/** Serves these parts; all else is answered otherwise, at first without anything. */
export function serving(
  parts: readonly Part[],
  otherwise: HostileAnswer = (_, response) => missing(response),
): HostileAnswer {
  const byName = new Map(
    parts.flatMap((part) =>
      [part.descriptor.digest, part.tag ?? part.descriptor.digest].map((name) => [name, part] as const),
    ),
  );
  const tags = JSON.stringify({ name: 'app', tags: parts.flatMap(({ tag }) => tag ?? []) });
  return ({ method, url, request }, response) => {
    if (url.pathname.endsWith('/tags/list') && tags.includes('sha256')) return void response.end(tags);
    const name = /\/(?:manifests|blobs)\/([^/]+)$/.exec(url.pathname)?.[1] ?? '';
    const part = byName.get(name);
    if (part === undefined || (method !== 'GET' && method !== 'HEAD'))
      return otherwise({ method, url, request }, response);
    const { mediaType, digest, size } = part.descriptor;
    response.writeHead(200, { 'content-type': mediaType, 'content-length': size, 'docker-content-digest': digest });
    if (method === 'GET') for (const piece of part.pieces) response.write(piece);
    response.end();
    return undefined;
  };
}

/** The parts of an image: its manifests and blobs. */
export function partsOf({ manifest, blobs, children }: BuiltImage): readonly Part[] {
  return [
    { descriptor: manifest.descriptor, pieces: [manifest.bytes] },
    ...blobs.map(({ descriptor, content }) => ({ descriptor, pieces: [...(content.chunks?.(0, content.size) ?? [])] })),
    ...children.flatMap(partsOf),
  ];
}

/** So many parts of the same many bytes, which differ in their last ones and share all others: `text` is cut where they differ. */
export function alike(
  count: number,
  mediaType: string,
  bytes: number,
  text: readonly [head: string, filler: string, middle: string, tail: string],
): readonly Part[] {
  const [head, filler, middle, tail] = text;
  const length = bytes - head.length - middle.length - tail.length - 12;
  const shared = Buffer.from(`${head}${filler.repeat(Math.floor(length / filler.length))}${middle}`);
  const begun = createHash('sha256').update(shared);
  return Array.from({ length: count }, (_, index) => {
    const end = Buffer.from(`${String(index).padStart(12, '0')}${tail}`);
    const digest: Digest = `sha256:${begun.copy().update(end).digest('hex')}`;
    return { descriptor: { mediaType, digest, size: shared.length + end.length }, pieces: [shared, end] };
  });
}

/** A JSON document as a part. */
function documentPart(mediaType: string, document: unknown, tag?: string): Part {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { descriptor: { mediaType, digest, size: bytes.length }, pieces: [bytes], ...(tag !== undefined && { tag }) };
}

/** An index of so many images, each with a manifest of 4 MiB; the index is the first part. `told` is the size that the index tells of each, if not its own. */
export function largeIndex(children: number, seed = 0, told?: number, filler = 'many'): readonly Part[] {
  const config = documentPart('application/vnd.oci.image.config.v1+json', { architecture: 'amd64', os: 'linux' });
  const head = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: config.descriptor,
    layers: [],
  });
  const images = alike(children, MEDIA_TYPES.ociManifest, 4 * MIB, [
    `${head.slice(0, -1)},"annotations":{"seed":"${seed}"},"other":[""`,
    filler === 'many' ? ',{}' : `,"${'x'.repeat(1000)}"`,
    '],"nth":"',
    '"}',
  ]);
  const manifests = images.map(({ descriptor }) => ({ ...descriptor, ...(told !== undefined && { size: told }) }));
  return [
    documentPart(MEDIA_TYPES.ociIndex, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }),
    ...images,
    config,
  ];
}

/** What is attached to an image: a tag of cosign with so many attestations of 16 MiB, each about the image. */
export function largeAttestations(subject: Digest, count: number): readonly Part[] {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'app', digest: { sha256: subject.slice('sha256:'.length) } }],
    predicateType: 'https://example.com/large/v1',
    predicate: Array.from({ length: 4_000_000 }, () => 0),
  };
  const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
  const layers = alike(count, 'application/vnd.dsse.envelope.v1+json', 16 * MIB, [
    `{"payloadType":"application/vnd.in-toto+json","payload":"${payload}","signatures":[{"sig":"MEUCIQ=="}`,
    ',{"sig":"MEUCIQ=="}',
    '],"nth":"',
    '"}',
  ]);
  const config = documentPart('application/vnd.oci.image.config.v1+json', {});
  const image = documentPart(
    MEDIA_TYPES.ociManifest,
    {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => ({ ...descriptor, annotations: {} })),
    },
    `${subject.replace(':', '-')}.att`,
  );
  return [image, ...layers, config];
}

/** Serves an image, and all else otherwise. */
export function withImage(image: BuiltImage, otherwise?: HostileAnswer): HostileAnswer {
  return serving(partsOf(image), otherwise);
}
