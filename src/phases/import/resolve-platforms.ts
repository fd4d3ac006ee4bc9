import { eachOf } from '../../async/each-of.ts';
import { failureOf, type Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader } from '../../registry/roles.ts';
import { caught } from '../caught.ts';
import { REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { childReader } from './index-children.ts';
import { refOf, type Wanted } from './wanted.ts';

/** Replaces an index by the manifest of the platform that its rule asks for. One that has no such platform is a failure. */
export async function resolvePlatforms(
  registry: ManifestReader,
  wanted: readonly Wanted[],
  context: Context,
): Promise<{ readonly wanted: readonly Wanted[]; readonly failures: readonly Failure[] }> {
  const childrenOf = childReader(registry, context);
  const resolved = new Map<Wanted, Wanted | Failure>();
  await eachOf(
    wanted.filter(({ platform }) => platform !== undefined),
    REQUESTS_AT_ONCE,
    async (one) => void resolved.set(one, await resolve(one)),
  );
  const results = wanted.map((one) => resolved.get(one) ?? one);
  return {
    wanted: results.flatMap((result) => ('code' in result ? [] : [result])),
    failures: results.flatMap((result) => ('code' in result ? [result] : [])),
  };

  async function resolve(one: Wanted): Promise<Wanted | Failure> {
    const { source, digest, platform = '', at } = one;
    try {
      const children = await childrenOf(source, digest);
      if (children.length === 0) return one;
      const child = children.find((candidate) => plain(candidate.platform ?? '') === plain(platform));
      if (child !== undefined) return { ...one, digest: child.digest };
      const message = `${refOf(one)}: the index ${source}@${digest} has no platform ${platform}`;
      return failureOf('import', { code: 'NOT_FOUND', message, hint: 'name a platform that it has' }, { at });
    } catch (error) {
      return failureOf('import', caught(error, context), { at });
    }
  }
}

/** arm64 has one variant: https://github.com/containerd/platforms/blob/v0.2.1/database.go */
function plain(platform: string): string {
  return platform.replace(/\/arm64\/v8$/, '/arm64');
}
