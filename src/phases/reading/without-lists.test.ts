import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { countTraffic } from './traffic.ts';
import { unlistedFailures, withoutLists } from './without-lists.ts';

const digest: Digest = `sha256:${'1'.repeat(64)}`;
const placesOf = (host: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ repository: `${host}/app-${index}`, digest }));

/** Looks at places on hosts with an API, without, that do not tell, and that are down; with the repositories that were asked. */
async function looked(): Promise<{ readonly asked: readonly RepositoryName[]; readonly failures: readonly string[] }> {
  const asked: RepositoryName[] = [];
  const memory = memoryRegistry({ referrers: (host) => host !== 'none.test' });
  const registry = {
    ...memory,
    listReferrers: async (...[repository, , call]: Parameters<typeof memory.listReferrers>) => {
      asked.push(repository);
      if (repository.startsWith('down.test')) throw new PromotionError('TIMEOUT', 'no answer');
      return memory.listReferrers(repository, digest, call);
    },
    keepsReferrers: async (...given: Parameters<typeof memory.keepsReferrers>) =>
      given[0].startsWith('mute.test') ? undefined : memory.keepsReferrers(...given),
  };
  const places = ['lists.test', 'none.test', 'mute.test', 'down.test'].flatMap((host) => placesOf(host, 20));
  const unlistedOf = await withoutLists({ registry, traffic: countTraffic() }, places, testContext().context);
  const failures = unlistedFailures(
    places.map(({ repository }) => repository),
    unlistedOf,
  );
  return { asked, failures: failures.map(({ code, message }) => `${code} ${message}`) };
}

describe('src/phases/reading/without-lists.ts', () => {
  it('asks each host until it answers, and one that is down once', async () => {
    const { asked } = await looked();
    const count = (host: string): number => asked.filter((repository) => repository.startsWith(host)).length;
    expect(['lists.test', 'none.test', 'mute.test', 'down.test'].map(count)).toEqual([1, 1, 8, 1]);
  });

  it('rejects only a host without the API, once', async () => {
    const { failures } = await looked();
    expect(failures).toEqual([expect.stringMatching(/^CONFIG_INVALID none\.test has no referrers API, but /)]);
  });
});
