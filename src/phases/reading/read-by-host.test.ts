import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { PromotionError, type ErrorCode } from '../../errors.ts';
import { readByHost } from './read-by-host.ts';

const REPOSITORIES = Array.from({ length: 100 }, (_, index) =>
  index % 2 === 0 ? `a.test/${index}` : `b.test/${index}`,
);

describe('src/phases/reading/read-by-host.ts', () => {
  it('reads every repository', async () => {
    const { context, log } = testContext();
    const read: string[] = [];
    const errors = await readByHost('source', REPOSITORIES, async (name) => void read.push(name), context);
    expect([...errors]).toEqual([]);
    expect(read.toSorted()).toEqual(REPOSITORIES.toSorted());
    expect(log).toContain('debug Read registry 100/100: b.test/99');
  });

  it('fails only the repository that cannot be read', async () => {
    const errors = await readByHost(
      'destination',
      REPOSITORIES,
      async (name) => {
        if (name === 'a.test/2') throw new PromotionError('DENIED', 'no', { hint: 'ask' });
      },
      testContext().context,
    );
    expect([...errors.keys()]).toEqual(['a.test/2']);
    expect(errors.get('a.test/2')).toMatchObject({ code: 'DENIED', message: 'no', hint: 'ask', side: 'destination' });
  });

  it.each(['NETWORK', 'TIMEOUT', 'STALLED', 'PAUSED_TOO_LONG', 'REFUSED_ADDRESS'] satisfies ErrorCode[])(
    'asks a registry nothing more after %s, and the other registries everything',
    async (code) => {
      const asked: string[] = [];
      const errors = await readByHost(
        'destination',
        REPOSITORIES,
        async (name) => {
          asked.push(name);
          if (name.startsWith('a.test')) throw new PromotionError(code, 'gone');
        },
        testContext().context,
      );
      expect(errors.size).toBe(50);
      expect(asked.filter((name) => name.startsWith('b.test'))).toHaveLength(50);
      // Those that were under way when the first failed.
      expect(asked.filter((name) => name.startsWith('a.test')).length).toBeLessThanOrEqual(24);
    },
  );

  it.each([
    [1, 20],
    [22, 20],
    [40, 11],
  ])('asks %i registries %i things at once each', async (hosts, atOnce) => {
    const names = Array.from({ length: hosts * 30 }, (_, index) => `${index % hosts}.test/${index}`);
    const active = new Map<string, number>();
    let most = 0;
    const read = async (name: string): Promise<void> => {
      const host = name.split('/', 1)[0] ?? '';
      active.set(host, (active.get(host) ?? 0) + 1);
      most = Math.max(most, active.get(host) ?? 0);
      await setImmediate();
      active.set(host, (active.get(host) ?? 0) - 1);
    };
    await readByHost('destination', names, read, testContext().context);
    expect(most).toBe(atOnce);
  });

  it('fails only the repository with a defect, and logs the defect', async () => {
    const { context, log } = testContext();
    const read = (name: string): Promise<void> =>
      name === 'a.test/2' ? Promise.reject(new TypeError('bug')) : Promise.resolve();
    const errors = await readByHost('source', REPOSITORIES, read, context);
    expect([...errors].map(([name, { code }]) => [name, code])).toEqual([['a.test/2', 'INTERNAL']]);
    expect(log.some((line) => line.startsWith('debug TypeError: bug\n    at '))).toBe(true);
  });

  it('throws an abort', async () => {
    const { context, abort } = testContext();
    abort(new Error('stopped'));
    const stopped = readByHost(
      'source',
      REPOSITORIES,
      () => Promise.reject(new PromotionError('ABORTED', 'stopped')),
      context,
    );
    await expect(stopped).rejects.toThrow('stopped');
  });
});
