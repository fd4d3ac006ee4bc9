import { describe, expect, it } from 'vitest';
import { accepted, openQuota, timed } from '../support/promotion/quota-run.ts';
import { quotaGate } from '../support/registry/faults.ts';
import { patientClock } from '../support/patient-clock.ts';

/** Fast enough for a test, slow enough that a turn of the event loop is a tenth of a second at most. */
const SPEED = 10;

describe('the rate of a promotion', () => {
  it('R25 does not storm regions that share one quota: at most 1.1 requests for each that is needed', async () => {
    const spec = { mirrors: 3, images: 40, speed: SPEED } as const;
    await using calm = await openQuota(spec);
    expect(await calm.run()).toMatchObject({ code: 0 });
    const needed = calm.mirrors.map(accepted).reduce((sum, requests) => sum + requests, 0);

    await using world = await openQuota(spec);
    const gate = quotaGate({ perSecond: 60 }, patientClock(SPEED));
    for (const mirror of world.mirrors) {
      mirror.inject(() => {
        const refusal = gate();
        return refusal === undefined ? undefined : { status: refusal.status };
      });
    }
    const { code, stderr } = await world.run();
    expect(code, stderr).toBe(0);
    const sent = world.mirrors.reduce((sum, { counters }) => sum + counters.counts().requests, 0);
    expect(world.mirrors.map((mirror) => mirror.snapshot())).toEqual(calm.mirrors.map((mirror) => mirror.snapshot()));
    // 429s there were, or the quota would prove nothing.
    expect(sent).toBeGreaterThan(needed);
    expect(sent).toBeLessThan(needed * 1.1);
  });

  it('runs at 0.9 of a quota of 30 requests/s or faster, and ends with exit code 0', async () => {
    await using world = await openQuota({
      mirrors: 1,
      images: 120,
      speed: SPEED,
      google: true,
      quota: { perSecond: 30 },
    });
    const [mirror] = world.mirrors;
    if (mirror === undefined) throw new Error('there is one');
    const times = timed(mirror, patientClock(SPEED).now);
    const { code, stderr } = await world.run();
    expect(code, stderr).toBe(0);
    // from the first upload on: before it, staging was asked for what the images hold, and what is attached to them
    const first = mirror.counters.log.findIndex(({ method }) => method === 'POST');
    const taken = mirror.counters.log.slice(first).filter(({ status }) => status !== 429).length;
    const seconds = ((times.at(-1) ?? 0) - (times[first] ?? 0)) / 1000;
    // A short run would live on the burst of the first second.
    expect(seconds).toBeGreaterThan(15);
    expect(taken / seconds).toBeGreaterThan(0.9 * 30);
  });
});
