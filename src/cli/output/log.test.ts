import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realClock, type Clock } from '../../clock.ts';
import type { LogLevel } from '../../events.ts';
import { PROMOTION, createLog, loggedOutput, runFailedMessage } from './log.ts';

const AFTERNOON = new Date(2026, 0, 2, 15, 4, 5, 7).getTime();
const clock: Clock = { ...realClock(), now: () => AFTERNOON };
const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warning', 'info', 'debug', 'trace'];

function logAt(
  level: LogLevel,
  {
    isTerminal = false,
    env = {},
    format,
    backlog = () => 0,
  }: { isTerminal?: boolean; env?: Record<string, string>; format?: 'json'; backlog?: () => number } = {},
) {
  const lines: string[] = [];
  const output = {
    isTerminal,
    columns: () => undefined,
    backlog,
    write: (text: string) => void lines.push(text),
    close: () => Promise.resolve(undefined),
  };
  const log = createLog({ output, clock, level, env, ...(format !== undefined && { format }) });
  const say = (at: LogLevel, message: string): void => log.narrate({ type: 'log', level: at, message });
  return { log, say, lines, output };
}

describe('src/cli/output/log.ts', () => {
  it("prints upstream's format", () => {
    const { say, lines } = logAt('info');
    say('info', 'Nothing to promote.');
    say('warning', 'say "no" to\nnew lines \x1b[2J');
    say('info', 'one-word');
    say('info', '');
    expect(lines).toEqual([
      'time="15:04:05.007" level=info msg="Nothing to promote."\n',
      'time="15:04:05.007" level=warning msg="say \\"no\\" to\\nnew lines \\x1b[2J"\n',
      'time="15:04:05.007" level=info msg=one-word\n',
      'time="15:04:05.007" level=info msg=""\n',
    ]);
  });

  it.each(LEVELS.map((level, index) => [index, level] as const))(
    'at level %i (%s), prints lines of this level and above',
    (index, level) => {
      const { log, say, lines } = logAt(level);
      for (const each of LEVELS) say(each, 'x');
      log.end();
      expect(lines.map((line) => /level=(\w+)/.exec(line)?.[1])).toEqual([...LEVELS.slice(1, index + 1), 'fatal']);
    },
  );

  it('prints a summary unchanged', () => {
    const { log, lines } = logAt('fatal');
    log.narrate({ type: 'summary', text: '\nSummary: done\n', fields: { images: 1 } });
    expect(lines).toEqual(['\nSummary: done\n']);
  });

  it.each([
    ['on a terminal', true, 'kpromo: unknown flag: --x\\x1b[2J\n'],
    ['into a file', false, 'time="15:04:05.007" level=fatal msg="unknown flag: --x\\x1b[2J"\n'],
  ])('prints the usage error %s for people or programs', (_case, isTerminal, expected) => {
    const { log, lines } = logAt('info', { isTerminal });
    log.narrate({ type: 'log', level: 'fatal', message: 'unknown flag: --x\x1b[2J', fields: { code: 'USAGE' } });
    log.end();
    expect(lines).toEqual([expected]);
  });

  it("does not repeat the summary's text on a terminal", () => {
    for (const isTerminal of [true, false]) {
      const { log, lines } = logAt('info', { isTerminal, env: { NO_COLOR: '1' } });
      log.narrate({ type: 'log', level: 'fatal', message: 'x', onTerminal: false });
      log.end();
      expect([log.failed(), lines.join('') === '']).toEqual([true, isTerminal]);
    }
  });

  it('prints one fatal line, at the end', () => {
    const { log, say, lines } = logAt('info');
    expect(log.failed()).toBe(false);
    say('fatal', 'the cause');
    say('error', 'a detail');
    say('fatal', 'a consequence');
    expect(log.failed()).toBe(true);
    log.end();
    expect(lines.map((line) => line.slice(line.indexOf('level=')))).toEqual([
      'level=error msg="a detail"\n',
      'level=error msg="a consequence"\n',
      'level=fatal msg="the cause"\n',
    ]);
  });

  it('prints requests only at level trace', () => {
    const request = { type: 'request', method: 'GET', url: 'https://r.example/v2/', ms: 12.4 } as const;
    const { log, lines } = logAt('trace');
    log.narrate({ ...request, status: 200 });
    log.narrate({ ...request, error: 'ECONNRESET' });
    log.narrate(request);
    expect(lines.map((line) => line.slice(line.indexOf('level=')))).toEqual([
      'level=trace msg="GET https://r.example/v2/: 200 in 12ms"\n',
      'level=trace msg="GET https://r.example/v2/: ECONNRESET in 12ms"\n',
      'level=trace msg="GET https://r.example/v2/: no answer in 12ms"\n',
    ]);
    const debug = logAt('debug');
    debug.log.narrate({ ...request, status: 200 });
    expect(debug.lines).toEqual([]);
  });

  it.each([
    ['on a terminal', true, {}, true],
    ['into a file', false, {}, false],
    ['with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['on a dumb terminal', true, { TERM: 'dumb' }, false],
  ])('colours the level %s: %j, %j -> %j', (_case, isTerminal, env, coloured) => {
    const { say, lines } = logAt('info', { isTerminal, env });
    say('error', 'x');
    expect(lines[0]?.includes('level=\x1b[31merror\x1b[0m ')).toBe(coloured);
    expect(lines[0]?.includes('\x1b')).toBe(coloured);
  });

  it("ends a failed run with upstream's words", () => {
    const template = readFileSync(new URL('../../../test/fixtures/log-lines.txt', import.meta.url), 'utf8')
      .split('\n')
      .find((line) => line.startsWith('fatal '));
    expect(`fatal ${runFailedMessage(PROMOTION, '<phase>', '<error>')}`).toBe(template);
  });
});

describe('src/cli/output/log.ts, --log-format=json', () => {
  it('writes one JSON object per line, with fields beside the message', () => {
    const { log, say, lines } = logAt('trace', { format: 'json' });
    say('warning', 'say "no" to\nnew lines \x1b[2J');
    log.narrate({ type: 'log', level: 'info', message: 'Still here', fields: { done: 1, unit: 'images' } });
    log.narrate({ type: 'request', method: 'GET', url: 'https://a.example/v2/', status: 200, ms: 1.4 });
    log.narrate({ type: 'exit', code: 0 });
    say('fatal', 'the cause');
    log.end();
    const time = new Date(AFTERNOON).toISOString();
    const request = { method: 'GET', url: 'https://a.example/v2/', status: 200, ms: 1.4 };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time, level: 'warning', msg: 'say "no" to\nnew lines \x1b[2J' },
      { time, level: 'info', msg: 'Still here', done: 1, unit: 'images' },
      { time, level: 'trace', msg: 'GET https://a.example/v2/: 200 in 1ms', ...request },
      { time, level: 'fatal', msg: 'the cause' },
    ]);
    expect(lines.join('')).not.toContain('\x1b');
  });

  it('keeps the fields of all fatal events', () => {
    const { log, lines } = logAt('info', { format: 'json' });
    log.narrate({ type: 'log', level: 'fatal', message: 'first', fields: { code: 'LOST' } });
    log.narrate({ type: 'log', level: 'fatal', message: 'second', fields: { code: 'NETWORK' } });
    log.end();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', msg: 'second', code: 'NETWORK' },
      { level: 'fatal', msg: 'first', code: 'LOST' },
    ]);
  });

  it('turns summaries and other output into JSON lines', () => {
    const { log, lines, output } = logAt('fatal', { format: 'json' });
    log.narrate({ type: 'summary', text: '\nSummary: done\n  1 image\n', fields: { images: 1 } });
    loggedOutput(output, log).write('Plan: nothing\n  more\n');
    loggedOutput(output, log).write('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'info', msg: 'Summary: done', images: 1 },
      { level: 'info', msg: 'Plan: nothing', text: 'Plan: nothing\n  more\n' },
    ]);
    expect(lines).toHaveLength(2);
  });
});

describe('src/cli/output/repeats.ts', () => {
  const failed = (path: string) =>
    ({ type: 'log', level: 'warning', message: `${path}: no response`, fields: { path }, alike: 'a.example' }) as const;

  it('prints the first of lines that are alike at once, and the others as one line with their count', () => {
    let now = AFTERNOON;
    const output = { isTerminal: false, columns: () => undefined, backlog: () => 0, close: async () => undefined };
    const lines: string[] = [];
    const log = createLog({
      output: { ...output, write: (text: string) => void lines.push(text) },
      clock: { ...realClock(), now: () => now },
      level: 'info',
      env: {},
      format: 'json',
    });
    const printed = (): unknown[] => lines.splice(0).map((line) => JSON.parse(line) as unknown);
    for (let index = 0; index < 40; index += 1) log.narrate(failed(`/${index}`));
    log.narrate({ ...failed('/b'), alike: 'b.example' });
    log.narrate({ type: 'log', level: 'info', message: 'upstream' });
    log.narrate({ type: 'log', level: 'info', message: 'upstream' });
    expect(printed()).toMatchObject([{ path: '/0' }, { path: '/b' }, { msg: 'upstream' }, { msg: 'upstream' }]);
    now += 61_000;
    log.narrate({ type: 'log', level: 'info', message: 'a minute later' });
    expect(printed()).toMatchObject([
      { level: 'warning', msg: '/39: no response (39 more like it)', path: '/39', count: 39 },
      { msg: 'a minute later' },
    ]);
    log.narrate(failed('/40'));
    log.narrate({ type: 'log', level: 'fatal', message: 'the end' });
    log.end();
    expect(printed()).toMatchObject([{ path: '/40', count: 1 }, { level: 'fatal' }]);
  });

  it('joins warnings of the same words, and prints each at level debug', () => {
    const { log, say, lines } = logAt('debug');
    say('warning', 'x');
    say('warning', 'x');
    log.end();
    expect(lines.map((line) => line.replace(/^time="[^"]+" /, ''))).toEqual([
      'level=warning msg=x\n',
      'level=debug msg=x\n',
      'level=warning msg="x (1 more like it)"\n',
    ]);
  });
});

describe('src/cli/output/log.ts with a slow reader', () => {
  it('drops and counts info lines if the reader is too slow', () => {
    let backlog = 5_000_000;
    const { say, lines } = logAt('info', { backlog: () => backlog });
    for (let time = 0; time < 1000; time++) say('info', 'x');
    say('error', 'trouble');
    backlog = 0;
    say('info', 'after');
    expect(lines.map((line) => line.replace(/^time="[^"]+" /, ''))).toEqual([
      'level=error msg=trouble\n',
      'level=warning msg="1000 lines were left out here: what reads this log is too slow"\n',
      'level=info msg=after\n',
    ]);
  });
});
