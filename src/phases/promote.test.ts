import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { letThrough } from '../../test/support/promotion/promoted.ts';
import { PromotionError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { CopyJob, CopyResult } from '../registry/copying/copier.ts';
import type { PlannedImage } from './images.ts';
import type { Plan } from './plan.ts';
import { promote, type PromoteServices, type Promotion } from './promote.ts';
import { countTraffic } from './reading/traffic.ts';

const digestOf = (index: number): Digest => `sha256:${String(index).padStart(64, '0')}`;
const at = { file: 'images.yaml', line: 3, column: 5 };

const image = (index: number, hosts: readonly string[], ...tags: string[]): PlannedImage => ({
  wanted: { name: 'app', source: 'a.test/app', digest: digestOf(index), tags, at, tagPositions: [] },
  targets: hosts.map((host) => ({ repository: `${host}/app`, action: 'copy', tags, isNew: false })),
});

const planOf = (...images: PlannedImage[]): Plan => ({
  images,
  failures: [],
  present: 0,
  repositories: [],
});

/** A copy that took a second and 3 requests of 100 bytes for each mirror; `fail` names the hosts where it failed. */
function result({ targets }: CopyJob, fail: Readonly<Record<string, PromotionError>> = {}): CopyResult {
  const mirrors = targets.map((target) => {
    const error = fail[target.repository.split('/')[0] ?? ''];
    const meter = { requests: 3, bytes: 100 };
    return { target, moves: [], attempts: 1, ms: 1000, meter, ...(error !== undefined && { error }) };
  });
  return { mirrors, sourceReads: 4 };
}

const promoting = (
  plan: Plan,
  given: Partial<PromoteServices> & Pick<PromoteServices, 'copier'>,
): { readonly log: readonly string[]; readonly done: Promise<Promotion> } => {
  const { context, log } = testContext();
  return { log, done: promote({ traffic: countTraffic(), threads: 20, ...given }).run(letThrough(plan), context) };
};

describe('src/phases/promote.ts', () => {
  it('has nothing to do without images', async () => {
    const { log, done } = promoting(planOf(), { copier: { copy: () => expect.unreachable() } });
    expect((await done).failures).toEqual([]);
    expect(log).toEqual(['info Nothing to promote.']);
  });

  it('works on as many images as there are threads, the next once one is released', async () => {
    const copies: { readonly release: () => void; readonly finish: () => void }[] = [];
    const copier: PromoteServices['copier'] = {
      copy: (job) => {
        const [released, over] = [Promise.withResolvers<void>(), Promise.withResolvers<CopyResult>()];
        copies.push({ release: () => released.resolve(), finish: () => over.resolve(result(job)) });
        return { released: released.promise, done: over.promise };
      },
    };
    const { done } = promoting(planOf(...[1, 2, 3, 4].map((index) => image(index, ['b.test'], 'v1'))), {
      copier,
      threads: 2,
    });
    await setImmediate();
    expect(copies).toHaveLength(2);
    copies[1]?.release();
    await setImmediate();
    expect(copies).toHaveLength(3);
    copies[0]?.release();
    await setImmediate();
    expect(copies).toHaveLength(4);
    for (const { release } of copies) release();
    for (const { finish } of copies) finish();
    expect((await done).images.map(({ wanted }) => wanted.digest)).toEqual([1, 2, 3, 4].map(digestOf));
  });

  it('reports the same error of 22 mirrors once, and logs the promoted image on one line', async () => {
    const hosts = Array.from({ length: 22 }, (_, index) => `m${index}.test`);
    const error = new PromotionError('DENIED', 'writing m0: 403', { hint: 'ask' });
    const traffic = countTraffic();
    const { log, done } = promoting(planOf(image(1, ['good.test', 'better.test', ...hosts], 'v1', 'v2')), {
      traffic,
      copier: {
        copy: (job) => ({
          released: Promise.resolve(),
          done: Promise.resolve(result(job, Object.fromEntries(hosts.map((host) => [host, error])))),
        }),
      },
    });
    const { failures } = await done;
    expect(failures.map(({ code, refs = [] }) => [code, refs.length])).toEqual([['DENIED', 44]]);
    expect(failures[0]).toMatchObject({ phase: 'promote', at, hint: 'ask', source: `a.test/app@${digestOf(1)}` });
    const shown = log.filter((line) => !line.startsWith('debug'));
    expect(shown).toEqual([
      'info Promoting 1 images using 20 threads',
      'info Copied good.test/app:v1 (1/1) in 1s, and to 1 more',
      `error edge a.test/app@${digestOf(1)} -> m0.test/app:v1: writing m0: 403 (and 43 more destinations) [images.yaml:3:5]; ask`,
    ]);
    expect(traffic.hosts.get('m7.test')).toEqual({ requests: 3, bytes: 100 });
  });
});
