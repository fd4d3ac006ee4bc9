import { z } from 'zod';
import { isIndexType, type Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { digestJson, jsonIn, listJson } from '../image/json.ts';
import { platformText } from './report.ts';
import type { Platform } from './scan-image.ts';

const text = z.string().nullish().catch(undefined);
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
const Child = z.looseObject({
  digest: digestJson,
  platform: z.looseObject({ os: text, architecture: text, variant: text }).nullish().catch(undefined),
});
const Index = z.looseObject({ manifests: listJson(z.unknown()) });

/** The platforms of an index, with their names; none of an image. What BuildKit attests there is no image. */
export function platformsIn({ descriptor, bytes }: Manifest): readonly Platform[] {
  if (!isIndexType(descriptor.mediaType)) return [];
  const { data } = Index.safeParse(jsonIn(bytes));
  const found = new Map<Digest, Platform>();
  for (const entry of data?.manifests ?? []) {
    const child = Child.safeParse(entry).data;
    if (child === undefined) continue;
    const { os, architecture, variant } = child.platform ?? {};
    const name = platformText(os ?? '', architecture ?? '', variant ?? '');
    if (!name.startsWith('unknown/unknown'))
      found.set(child.digest, { digest: child.digest, ...(name !== '' && { name }) });
  }
  return [...found.values()];
}
