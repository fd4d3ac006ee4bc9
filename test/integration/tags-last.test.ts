import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../src/errors.ts';
import { compilePattern } from '../../src/image/pattern.ts';
import type { MemoryCall } from '../support/memory-registry/memory.ts';
import { keySigning, tagsLastWorld } from '../support/promotion/tags-last-world.ts';

const isWrite = ({ operation }: MemoryCall): boolean => ['writeManifest', 'startBlob', 'send'].includes(operation);
const routed = {
  attachments: [{ match: compilePattern('*.test/prod'), route: { through: 'prod.test', standby: [] } }],
};

describe('writing tags last', () => {
  it('costs one write more for each image and mirror, and nothing else', async () => {
    const signing = await keySigning();
    const [first, last] = [1, 2].map(() => tagsLastWorld(signing, { ...routed, both: true }));
    if (first === undefined || last === undefined) throw new Error('there are two worlds');
    const counts = async (world: typeof first, tagsLast: boolean): Promise<Map<string, number>> => {
      const report = await world.promote(undefined, tagsLast);
      expect(report.failures).toEqual([]);
      expect(report.totals).toMatchObject({ pending: 0, promoted: 2 });
      const by = Map.groupBy(world.calls, ({ operation }) => operation);
      return new Map([...by].map(([operation, calls]) => [operation, calls.length]));
    };
    const [before, after] = [await counts(first, false), await counts(last, true)];
    // two images on two mirrors
    expect(after.get('writeManifest')).toBe((before.get('writeManifest') ?? 0) + 4);
    expect(new Map([...after, ['writeManifest', 0]])).toEqual(new Map([...before, ['writeManifest', 0]]));
    expect(await last.unverified()).toEqual({ wrong: [], tags: 6 });
  });

  it.each([
    ['replicated', {}],
    ['routed', routed],
  ])('shows no tag that does not verify, at whatever write the run is killed; %s', async (_, world) => {
    const signing = await keySigning();
    const whole = tagsLastWorld(signing, world);
    await whole.promote();
    expect(await whole.unverified()).toEqual({ wrong: [], tags: 4 });
    const writes = whole.calls.filter(isWrite).length;
    expect(writes).toBeGreaterThan(20);
    const seen = new Set<number>();
    // what a registry holds does not change between two writes
    for (let left = 0; left < writes; left += 1) {
      const killed = tagsLastWorld(signing, world);
      const killing = new AbortController();
      let done = 0;
      const before = (call: MemoryCall): void => {
        if (isWrite(call) && (done += 1) > left) killing.abort(new Error('killed'));
      };
      await killed.promote(before, true, killing.signal).catch(() => undefined);
      const { wrong, tags } = await killed.unverified();
      expect([left, wrong]).toEqual([left, []]);
      seen.add(tags);
    }
    // killed before any tag, and after some
    expect(seen.size).toBeGreaterThan(1);
    expect(seen).toContain(0);
  });

  it('shows none either at whatever request a registry fails, reports what has no tags, and repairs it the next time', async () => {
    const signing = await keySigning();
    const format = 'bundle';
    const whole = tagsLastWorld(signing, { format });
    await whole.promote();
    const requests = whole.calls.length;
    expect(requests).toBeGreaterThan(50);
    for (let failing = 1; failing <= requests; failing += 1) {
      const world = tagsLastWorld(signing, { format });
      const report = await world.promote((call, nth) => {
        if (nth === failing)
          throw new PromotionError('REGISTRY_ERROR', `${call.operation} ${call.repository}:${call.reference}: 500`);
      });
      const { wrong, tags } = await world.unverified();
      expect([failing, wrong]).toEqual([failing, []]);
      // what is not there is told of
      if (tags < 4) {
        expect([failing, report.failures.length]).not.toEqual([failing, 0]);
        expect([failing, report.totals.pending + report.totals.failed]).not.toEqual([failing, 0]);
      }
      // each run costs time, and what is left to repair is alike
      if (failing % 3 !== 0) continue;
      const repaired = await world.promote();
      expect([failing, repaired.failures, await world.unverified()]).toEqual([failing, [], { wrong: [], tags: 4 }]);
    }
  });

  it('is what keeps tags from answering first', async () => {
    const signing = await keySigning();
    const world = tagsLastWorld(signing);
    await world.promote(({ operation, reference }) => {
      if (operation === 'writeManifest' && reference.endsWith('.sig')) throw new PromotionError('DENIED', 'no');
    }, false);
    expect((await world.unverified()).wrong).not.toEqual([]);
  });
});
