import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { recordTraffic, type AllowedRate, type TrafficRecorder } from './traffic-series.ts';

const sent = ({ narrate }: TrafficRecorder, host: string, status?: number): void =>
  narrate({
    type: 'request',
    method: 'GET',
    url: `https://${host}/v2/`,
    ms: 1,
    ...(status !== undefined && { status }),
  });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

describe('src/report/build/traffic-series.ts', () => {
  it('counts the requests of each host per step, with the allowed rate', async () => {
    const clock = fakeClock();
    let rates: readonly AllowedRate[] = [{ origins: ['https://a.io', 'https://c.io'], rate: 60.04 }];
    const recorder = recordTraffic(clock, () => rates);
    recorder.narrate({ type: 'log', level: 'info', message: 'not a request' });
    sent(recorder, 'a.io', 200);
    sent(recorder, 'a.io', 429);
    await clock.advance(600);
    rates = [{ origins: ['https://a.io'], rate: 30 }];
    sent(recorder, 'a.io', 503);
    sent(recorder, 'b.io:5000');
    expect(recorder.series()).toEqual({
      start: clock.now() - 600,
      step: 250,
      hosts: [
        { host: 'a.io', requests: [2, 0, 1], refused: [1, 0, 1], unanswered: [0, 0, 0], limit: [60, 60, 30] },
        {
          host: 'b.io:5000',
          requests: [0, 0, 1],
          refused: [0, 0, 0],
          unanswered: [0, 0, 1],
          limit: [null, null, null],
        },
      ],
    });
  });

  it('stays equally small over hours without losing a request', async () => {
    const clock = fakeClock();
    const recorder = recordTraffic(clock, () => [{ origins: ['https://a.io'], rate: clock.now() % 100 }]);
    for (let minute = 0; minute < 600; minute += 1) {
      sent(recorder, 'a.io', 200);
      sent(recorder, `b${minute}.io`, 200);
      await clock.advance(60_000);
    }
    const { hosts, step } = recorder.series();
    expect(hosts.length).toBeLessThanOrEqual(61);
    expect(Math.max(...hosts.map(({ requests }) => requests.length))).toBeLessThanOrEqual(240);
    expect(step).toBeGreaterThanOrEqual(36_000_000 / 240);
    expect(sum(hosts.flatMap(({ requests }) => requests))).toBe(1_200);
    expect(sum(hosts.find(({ host }) => host === 'a.io')?.requests ?? [])).toBe(600);
    expect(sum(hosts.find(({ host }) => host === '')?.requests ?? [])).toBe(541);
  });

  it('is empty for a run without requests', () => {
    expect(recordTraffic(fakeClock(), () => []).series().hosts).toEqual([]);
  });
});
