import { eachOf } from '../../async/each-of.ts';
import { failureOf, type Failure } from '../../errors.ts';
import type { Finding } from '../../foreign/model.ts';
import type { Digest } from '../../image/digest.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader } from '../../registry/roles.ts';
import { count } from '../../text/layout.ts';
import { caught } from '../caught.ts';
import { REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { childReader } from './index-children.ts';
import { refOf, type Step, type Wanted } from './wanted.ts';

const MOVED =
  'a tag never moves: promote the new digest under a new tag, or delete the tag at the target and import again';

/** Keeps the digest of a tag at the target that is one platform of the source's index; any other tag would move, and is a failure. */
export async function keepPlatforms(
  registry: ManifestReader,
  wanted: readonly Wanted[],
  differing: ReadonlyMap<Wanted, Digest>,
  context: Context,
): Promise<Step> {
  const childrenOf = childReader(registry, context);
  const results = new Map<Wanted, Wanted | Failure>();
  const platforms = new Map<Wanted['at'], number>();
  await eachOf(differing, REQUESTS_AT_ONCE, async ([one, current]) => {
    const { source, digest, at } = one;
    const children = await childrenOf(source, digest).catch((error: unknown) => caught(error, context));
    const isChild = Array.isArray(children) && children.some((child) => child.digest === current);
    if (isChild) platforms.set(at, (platforms.get(at) ?? 0) + 1);
    const message = `${refOf(one)} is ${current}, and would become ${digest}`;
    const moved = failureOf('import', { code: 'TAG_MOVE', message, hint: MOVED }, { at, refs: [refOf(one)] });
    results.set(one, isChild ? { ...one, digest: current } : moved);
  });
  const all = wanted.map((one) => results.get(one) ?? one);
  return {
    wanted: all.flatMap((one) => ('code' in one ? [] : [one])),
    failures: all.flatMap((one) => ('code' in one ? [one] : [])),
    findings: [...platforms].map(([at, length]) => onePlatform(at, length)),
  };
}

function onePlatform(at: Wanted['at'], length: number): Finding {
  const message = `${count(length, 'tag')} at the target with one platform of an index; the digests there are kept`;
  return { kind: 'note', at, message, hint: 'new tags will have all platforms' };
}
