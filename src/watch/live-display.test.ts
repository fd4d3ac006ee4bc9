import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../../test/support/reports.ts';
import { fakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { virtualTerminal, type VirtualTerminal } from '../../test/support/virtual-terminal.ts';
import { frameOf } from './frame.ts';
import { liveDisplay, type LiveDisplay } from './live-display.ts';
import type { RunStatus } from './status.ts';

const BUSY: RunStatus = {
  elapsed: 192_000,
  phase: { name: 'promote', index: 5, of: 7 },
  progress: { unit: 'images', done: 57, total: 230, failed: 1 },
  isStopping: false,
  left: 583_000,
  bytes: 1_288_490_189,
  bytesPerSecond: 36_175_872,
  failures: 1,
  registries: [
    { name: 'google', perSecond: 70.2, limit: 75 },
    { name: 'registry.example', perSecond: 12, limit: 60.4 },
    { name: 'storage.example', perSecond: 9 },
    { name: 'd.example', perSecond: 3 },
    { name: 'e.example', perSecond: 2 },
    { name: 'f.example', perSecond: 0, limit: 10, pausedUntil: Date.UTC(2026, 0, 1, 12, 3, 10) },
  ],
  warnings: [
    'Transient error (will retry): PUT https://registry.example/v2/app/manifests/v1.0: answered 503; attempt 2 in 500 ms',
  ],
};

const FRAME = [
  '5/7 promote  [######---------------------]  57/230 images, 1 failed, 9m43s left',
  '  34.5 MiB/s, 1.2 GiB in 3m12s',
  '  google 70/s of 75/s',
  '  registry.example 12/s of 60/s',
  '  storage.example 9/s',
  '  f.example paused until 12:03:10 UTC',
  '  and 2 more registries 5/s',
  '! Transient error (will retry): PUT https://registry.example/v2/app/manifests/~',
];

type Watched = { clock: FakeClock; terminal: VirtualTerminal; display: LiveDisplay; log: (text: string) => void };

function watch(columns: number, rows = 24, status = (): RunStatus => BUSY): Watched {
  const clock = fakeClock();
  const terminal = virtualTerminal(columns, rows);
  const { write, room } = terminal;
  const display = liveDisplay({ clock, write, room, status });
  return { clock, terminal, display, log: (text) => display.above(`${text}\n`, write) };
}

describe('src/watch/live-display.ts', () => {
  it('shows the status on 80 columns, below the log', async () => {
    const { terminal, display, log } = watch(80);
    log('first line');
    log('x'.repeat(200));
    const long = ['x'.repeat(80), 'x'.repeat(80), 'x'.repeat(40)];
    expect(await terminal.lines()).toEqual(['first line', ...long, ...FRAME]);
    display.end();
    expect(await terminal.lines()).toEqual(['first line', ...long]);
  });

  it('uses 200 columns', async () => {
    const { terminal } = watch(200);
    const [headline, ...others] = await terminal.lines();
    expect(headline).toBe(`5/7 promote  [${'#'.repeat(7)}${'-'.repeat(23)}]  57/230 images, 1 failed, 9m43s left`);
    expect(others.at(-1)).toBe(`! ${BUSY.warnings[0]}`);
  });

  it('omits the bar on 40 columns', async () => {
    const lines = await watch(40).terminal.lines();
    expect(lines.slice(0, 2)).toEqual(['5/7 promote', '  57/230 images, 1 failed, 9m43s left']);
    expect(lines.at(-1)).toBe('! Transient error (will retry): PUT ht~');
  });

  it.each([
    ['narrower', 50, 24],
    ['much narrower', 21, 24],
    ['wider', 200, 24],
    ['lower', 80, 11],
  ])('leaves nothing behind when the window becomes %s', async (_how, columns, rows) => {
    const { clock, terminal, display, log } = watch(80);
    for (let line = 0; line < 5; line++) log(`line ${line}`);
    await terminal.resize(columns, rows);
    log('after');
    await clock.advance(1000);
    expect((await terminal.lines()).slice(0, 7).map((line) => line.slice(0, 11))).toEqual([
      'line 0',
      'line 1',
      'line 2',
      'line 3',
      'line 4',
      'after',
      '5/7 promote',
    ]);
    display.end();
    expect(await terminal.lines()).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'after']);
  });

  it('draws nothing in a window that is too small, until it grows', async () => {
    const { clock, terminal } = watch(80);
    await terminal.resize(80, 4);
    await clock.advance(250);
    const { columns } = terminal.room();
    expect(columns).toBe(80);
    await terminal.resize(80, 24);
    await clock.advance(250);
    expect((await terminal.lines()).slice(-8)).toEqual(FRAME);
  });

  it('waits for the end of a line before it draws below it', async () => {
    const { terminal, display } = watch(80);
    display.above('half a ', terminal.write);
    expect(await terminal.lines()).toEqual(['half a ']);
    display.above('line\n', terminal.write);
    expect(await terminal.lines()).toEqual(['half a line', ...FRAME]);
  });

  it('erases itself before other output to the same terminal', async () => {
    const { terminal, display } = watch(80);
    display.above('data\n', (text) => terminal.write(text));
    expect(await terminal.lines()).toEqual(['data', ...FRAME]);
  });

  it('follows the run four times a second, and stops', async () => {
    let elapsed = 0;
    const { clock, terminal, display, log } = watch(80, 24, () => ({ ...BUSY, elapsed, registries: [], warnings: [] }));
    elapsed = 60_000;
    await clock.advance(249);
    expect((await terminal.lines())[1]).toContain('in 0s');
    await clock.advance(1);
    expect((await terminal.lines())[1]).toContain('in 1m00s');
    display.end();
    display.end();
    expect(clock.pending()).toBe(0);
    log('the end');
    expect(await terminal.lines()).toEqual(['the end']);
  });
});

describe('src/watch/frame.ts', () => {
  it('contains only short lines of plain text, for any registry name', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom(...HOSTILE));
    const room = fc.record({ columns: fc.integer({ min: 20, max: 200 }), rows: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(text, text, room, (warning, name, { columns, rows }) => {
        const registries = [{ name, perSecond: 1, limit: 2 }];
        const lines = frameOf({ ...BUSY, registries, warnings: [warning] }, { columns, rows });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(line).toMatch(new RegExp(`^[ -~]{0,${columns - 1}}$`));
      }),
    );
  });
});
