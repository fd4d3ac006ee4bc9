import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../src/errors.ts';
import { compilePattern } from '../../src/image/pattern.ts';
import { keySigning, tagsLastWorld } from '../support/promotion/tags-last-world.ts';

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
  ])('shows no tag that does not verify, at whatever request the run is killed; %s', async (_, world) => {
    const signing = await keySigning();
    const whole = tagsLastWorld(signing, world);
    await whole.promote();
    expect(await whole.unverified()).toEqual({ wrong: [], tags: 4 });
    const requests = whole.calls.length;
    expect(requests).toBeGreaterThan(50);
    const seen = new Set<number>();
    for (let last = 1; last < requests; last += 1) {
      const killed = tagsLastWorld(signing, world);
      const killing = new AbortController();
      await killed
        .promote(
          (__, nth) => {
            if (nth > last) killing.abort(new Error('killed'));
          },
          true,
          killing.signal,
        )
        .catch(() => undefined);
      const { wrong, tags } = await killed.unverified();
      expect([last, wrong]).toEqual([last, []]);
      seen.add(tags);
    }
    // killed before any tag, among them, and after
    expect(seen.size).toBeGreaterThan(2);
    expect(seen).toEqual(new Set([...seen, 0, 4]));
  });

  it('shows none either at whatever request a registry fails, reports what has no tags, and repairs it the next time', async () => {
    const signing = await keySigning();
    const whole = tagsLastWorld(signing);
    await whole.promote();
    const requests = whole.calls.length;
    for (let failing = 1; failing <= requests; failing += 1) {
      const world = tagsLastWorld(signing);
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
