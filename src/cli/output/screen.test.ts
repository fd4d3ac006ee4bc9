import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { virtualTerminal } from '../../../test/support/virtual-terminal.ts';
import { liveDisplay } from '../../watch/live-display.ts';
import { trackStatus } from '../../watch/status.ts';
import { openSecrets } from '../../secrets/secrets.ts';
import { outputTo, type Output } from './streams.ts';
import { screenOf } from './screen.ts';

function outputOf(write: (text: string) => void, isTTY: boolean): Output {
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      write(text);
      done();
    },
  });
  return outputTo(Object.assign(stream, { isTTY }), openSecrets());
}

describe('src/cli/output/screen.ts', () => {
  it.each([
    [true, {}, true],
    [true, { TERM: 'xterm-256color', CI: '', NO_COLOR: '' }, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { CI: 'true' }, false],
  ])('draws on a terminal (%s) in %j: %s', (isTTY, env, canDraw) => {
    const output = outputOf(() => {}, isTTY);
    expect(screenOf({ stdout: output, stderr: output, terminal: {}, env }).canDraw).toBe(canDraw);
  });

  it('keeps log, summary and data in order above the display, and prints nothing of it afterwards', async () => {
    const clock = fakeClock();
    const terminal = virtualTerminal(80, 24);
    const [stdout, stderr] = [outputOf(terminal.write, true), outputOf(terminal.write, true)];
    const screen = screenOf({ stdout, stderr, terminal: { columns: 80, rows: 24 }, env: {} });
    screen.stderr.write('before\n');
    const { status } = trackStatus(clock, () => []);
    const stop = screen.show((where) => liveDisplay({ ...where, clock, status }));
    screen.stderr.write('log\n');
    screen.stdout.write('data\n');
    screen.stderr.write('summary\n');
    expect(await terminal.lines()).toEqual(['before', 'log', 'data', 'summary', 'starting', '  0 B/s, 0 B in 0s']);
    stop();
    screen.stderr.write('fatal\n');
    expect(await terminal.lines()).toEqual(['before', 'log', 'data', 'summary', 'fatal']);
    expect(clock.pending()).toBe(0);
  });

  it('does not touch data that goes to a file or pipe', () => {
    let data = '';
    const stdout = outputOf((text) => (data += text), false);
    const terminal = virtualTerminal(80, 24);
    const screen = screenOf({ stdout, stderr: outputOf(terminal.write, true), terminal: {}, env: {} });
    const clock = fakeClock();
    const { status } = trackStatus(clock, () => []);
    const stop = screen.show((where) => liveDisplay({ ...where, clock, status }));
    screen.stdout.write('data\n');
    stop();
    expect(data).toBe('data\n');
  });
});
