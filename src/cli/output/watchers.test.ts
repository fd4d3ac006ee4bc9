import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { numbersOf } from '../../../test/support/prometheus.ts';
import type { RunEvent } from '../../events.ts';
import type { CommandServices } from '../command.ts';
import { openSecrets } from '../../secrets/secrets.ts';
import { outputTo } from './streams.ts';
import { screenOf } from './screen.ts';
import type { OutputOptions } from '../options/output.ts';
import { withWatching } from './watchers.ts';

type Watched = {
  readonly clock: FakeClock;
  readonly events: readonly RunEvent[];
  run(work: (watched: CommandServices) => Promise<number>): Promise<number>;
};

const QUIET: OutputOptions = {
  logLevel: 'info',
  logFormat: 'text',
  progress: 'auto',
  events: undefined,
  metricsFile: undefined,
  metricsListen: undefined,
};

function watching(options: Partial<OutputOptions>): Watched {
  const clock = fakeClock();
  const events: RunEvent[] = [];
  const output = outputTo(new Writable({ write: (_chunk, _encoding, done) => done() }), openSecrets());
  const screen = screenOf({ stdout: output, stderr: output, terminal: {}, env: {} });
  const narrate = (event: RunEvent): void => void events.push(event);
  const { signal } = new AbortController();
  const task = 'kpromo cip';
  const services: CommandServices = {
    env: {},
    stdout: output,
    stderr: output,
    narrate,
    clock,
    signal,
    task,
    secrets: openSecrets(),
  };
  const given = { options: { ...QUIET, ...options }, screen, stdout: screen.stdout };
  return { clock, events, run: (work) => withWatching(given, services, work) };
}

const messages = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'log' ? [event.message] : []));

function fileIn(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-watch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

describe('src/cli/output/watchers.ts', () => {
  it('starts nothing by default', async () => {
    const { clock, run } = watching({ progress: 'off' });
    const pending = await run(async () => clock.pending());
    expect(pending).toBe(0);
  });

  it('logs a heartbeat until the command ends or fails', async () => {
    const { clock, events, run } = watching({});
    const broken = run(async () => {
      await clock.advance(60_000);
      throw new Error('broken');
    });
    await expect(broken).rejects.toThrow('broken');
    expect(messages(events)).toEqual(['Still starting after 30s: 0 B/s', 'Still starting after 1m00s: 0 B/s']);
    expect(clock.pending()).toBe(0);
  });

  it('writes metrics every 15 seconds and at the end', async () => {
    const metricsFile = fileIn('kpromo.prom');
    const { clock, run } = watching({ progress: 'off', metricsFile });
    const seconds = (): unknown => numbersOf(readFileSync(metricsFile, 'utf8'))['kpromo_run_seconds'];
    const code = await run(async () => {
      expect(seconds()).toBe(0);
      await clock.advance(15_000);
      await expect.poll(seconds).toBe(15);
      await clock.advance(15_000);
      await expect.poll(seconds).toBe(30);
      await clock.advance(5000);
      return 2;
    });
    expect(seconds()).toBe(35);
    expect(numbersOf(readFileSync(metricsFile, 'utf8'))).toMatchObject({ kpromo_exit_code: 2 });
    expect([code, clock.pending()]).toEqual([2, 0]);
  });

  it('warns once if metrics cannot be written, and fails at the end', async () => {
    const metricsFile = fileIn('kpromo.prom');
    const { clock, events, run } = watching({ progress: 'off', metricsFile });
    const code = await run(async () => {
      await clock.advance(1000);
      rmSync(join(metricsFile, '..'), { recursive: true });
      await clock.advance(60_000);
      return 0;
    });
    expect(code).toBe(1);
    const levels = events.flatMap((event) => (event.type === 'log' ? [event.level] : []));
    expect(levels).toEqual(['warning', 'fatal']);
    expect(messages(events).at(-1)).toMatch(/^writing metrics to .*kpromo\.prom failed: ENOENT/);
  });

  it('gives observers the rates of the run', async () => {
    const metricsFile = fileIn('kpromo.prom');
    const { run } = watching({ progress: 'off', metricsFile });
    await run(async ({ onRates }) => {
      onRates?.(() => [{ group: 'google', origins: [], rate: 75, refused: 0, limit: undefined }]);
      return 0;
    });
    expect(numbersOf(readFileSync(metricsFile, 'utf8'))).toMatchObject({ 'kpromo_rate_limit{registry="google"}': 75 });
  });
});
