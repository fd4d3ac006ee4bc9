import { z } from 'zod';
import { isIndexType, type Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { digestJson, jsonIn, listJson } from '../image/json.ts';

// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
const Child = z.looseObject({
  digest: digestJson,
  platform: z.looseObject({ os: z.string().optional(), architecture: z.string().optional() }).nullish(),
});
const Index = z.looseObject({ manifests: listJson(z.unknown()) });

/**
 * The images, and indexes, that an index points to, each once; undefined of what is no index. What is for the platform
 * unknown/unknown is none: there BuildKit keeps its attestations (https://docs.docker.com/build/metadata/attestations/attestation-storage/).
 */
export function platformsOf(manifest: Manifest): readonly Digest[] | undefined {
  if (!isIndexType(manifest.descriptor.mediaType)) return undefined;
  const children = (Index.safeParse(jsonIn(manifest.bytes)).data?.manifests ?? []).flatMap((entry) => {
    const { data } = Child.safeParse(entry);
    const { os, architecture } = data?.platform ?? {};
    return data === undefined || (os === 'unknown' && architecture === 'unknown') ? [] : [data.digest];
  });
  return [...new Set(children)];
}
