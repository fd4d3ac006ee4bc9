import { z } from 'zod';
import { isIndexType, type Manifest } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';

// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
const Child = z.looseObject({
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  platform: z.looseObject({ os: z.string().optional(), architecture: z.string().optional() }).nullish(),
});
const Index = z.looseObject({ manifests: z.array(z.unknown()).nullish() });

/**
 * The images, and indexes, that an index points to, each once; undefined of what is no index. What is for the platform
 * unknown/unknown is none: there BuildKit keeps its attestations (https://docs.docker.com/build/metadata/attestations/attestation-storage/).
 */
export function platformsOf(manifest: Manifest): readonly Digest[] | undefined {
  if (!isIndexType(manifest.descriptor.mediaType)) return undefined;
  const children = (indexIn(manifest.bytes)?.manifests ?? []).flatMap((entry) => {
    const { data } = Child.safeParse(entry);
    const { os, architecture } = data?.platform ?? {};
    return data === undefined || (os === 'unknown' && architecture === 'unknown') ? [] : [data.digest];
  });
  return [...new Set(children)];
}

function indexIn(bytes: Uint8Array): z.infer<typeof Index> | undefined {
  try {
    return Index.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
