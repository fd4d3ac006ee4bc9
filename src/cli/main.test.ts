import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { realClock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { stopReason } from './exit-codes.ts';
import { main, type RunCip } from './main.ts';

type Result = { readonly code: number; readonly stdout: string; readonly stderr: readonly string[] };

const CIP = ['cip', '--manifests=x'];

/** A stream in memory that is slower than its writer. */
function capture(error?: Error): { readonly stream: Writable; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      setImmediate(done, error);
    },
  });
  return { stream, text: () => text };
}

async function run(
  argv: readonly string[],
  runCip?: RunCip,
  { signal = new AbortController().signal, stdoutError }: { signal?: AbortSignal; stdoutError?: Error } = {},
): Promise<Result> {
  const stdout = capture(stdoutError);
  const stderr = capture();
  const services = { env: {}, stdout: stdout.stream, stderr: stderr.stream, clock: realClock(), signal };
  const code = await main(argv, services, ...(runCip === undefined ? [] : [runCip]));
  return { code, stdout: stdout.text(), stderr: stderr.text().split('\n').slice(0, -1) };
}

describe('src/cli/main.ts', () => {
  it.each([
    [['--help'], /^kpromo promotes/],
    [['help', 'cip'], /^Compares manifests/],
    [['version'], /^kpromo v\d/],
    [['completion', 'fish'], /^# fish completion/],
  ])('prints the result of %j only to stdout', async (argv, expected) => {
    const { code, stdout, stderr } = await run(argv);
    expect([code, stderr]).toEqual([0, []]);
    expect(stdout).toMatch(expected);
  });

  it('reports wrong usage with a fatal line and no output', async () => {
    const { code, stdout, stderr } = await run(['cip', '--thread=2']);
    expect([code, stdout, stderr.length]).toEqual([1, '', 1]);
    expect(stderr[0]).toMatch(
      /^time="\d\d:\d\d:\d\d\.\d{3}" level=fatal msg="unknown flag: --thread; did you mean --threads\?"$/,
    );
  });

  it('passes options and services to kpromo cip, and returns its exit code', async () => {
    const { code, stdout, stderr } = await run(
      ['cip', '--manifests=x', '--threads=7', '--log-level=debug'],
      async (options, services) => {
        expect(options.run.threads).toBe(7);
        services.narrate({ type: 'log', level: 'debug', message: 'a detail' });
        services.stdout.write('data\n');
        services.stderr.write('summary\n');
        return 2;
      },
    );
    expect([code, stdout]).toEqual([2, 'data\n']);
    expect(stderr.map((line) => line.replace(/^time="[^"]+" /, ''))).toEqual([
      expect.stringMatching(/^level=info msg="kpromo v\d/),
      'level=debug msg="a detail"',
      'summary',
    ]);
  });

  it('writes the fatal line of kpromo cip last', async () => {
    const { code, stderr } = await run(CIP, async (_options, { narrate, stderr: out }) => {
      narrate({ type: 'log', level: 'fatal', message: 'the cause' });
      out.write('summary\n');
      return 1;
    });
    expect(code).toBe(1);
    expect(stderr.slice(-2)).toEqual(['summary', expect.stringMatching(/level=fatal msg="the cause"$/)]);
  });

  it('adds a fatal line if kpromo cip fails without one', async () => {
    const { code, stderr } = await run(CIP, async () => 1);
    expect(code).toBe(1);
    expect(stderr.at(-1)).toMatch(/level=fatal msg="run `cip run`: promote images: /);
  });

  it('logs an error of kpromo cip as a fatal line with its hint', async () => {
    const { code, stderr } = await run(CIP, async () => {
      throw new PromotionError('MANIFEST_NOT_FOUND', 'reading x: no such file', { hint: 'check the path' });
    });
    expect(code).toBe(1);
    expect(stderr.at(-1)).toMatch(
      /level=fatal msg="run `cip run`: promote images: reading x: no such file; check the path"$/,
    );
  });

  it.each([
    ['what the job writes and throws', ['cip', '--manifests=x', '--log-format=json']],
    ['a wrong flag', ['cip', '--nope', '--log-format=json']],
    ['a wrong flag before the format', ['--nope', '--log-format', 'JSON']],
    ['a missing tree', ['replicate', '--manifests=/nowhere', '--log-format=json']],
  ])('writes only JSON lines to stderr, for %s', async (_case, argv) => {
    const { code, stderr } = await run(argv, async (_options, services) => {
      services.stderr.write('Plan: x\n  y\n');
      services.narrate({ type: 'summary', text: '\nSummary: x\n', fields: {} });
      throw new PromotionError('NETWORK', 'no answer', { hint: 'try again' });
    });
    const lines = stderr.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([code, lines.at(-1)]).toEqual([1, expect.objectContaining({ level: 'fatal', code: expect.any(String) })]);
  });

  it.each([
    [
      ['cip', '--manifests=/nowhere', '--sign=false'],
      'run `cip run`: promote images: running promotion pipeline: phase "setup"',
    ],
    [['cip', '--manifest-based-snapshot-of=a.io', '--manifests=/nowhere'], 'run `cip run`: snapshot: phase "setup"'],
    [['replicate', '--manifests=/nowhere'], 'kpromo replicate: phase "setup"'],
    [['cip', 'replicate-signatures', '--manifests=/nowhere'], 'kpromo cip replicate-signatures: phase "setup"'],
    [['sigcheck', '--manifests=/nowhere'], 'kpromo sigcheck: phase "setup"'],
    [['validate', '/nowhere'], 'kpromo validate: 1 problem in /nowhere'],
  ])('ends with the command and the path: %j', async (argv, start) => {
    const { code, stderr } = await run(argv);
    const last = (stderr.at(-1) ?? '').replaceAll('\\"', '"');
    expect([code, last]).toEqual([1, expect.stringContaining(`level=fatal msg="${start}`)]);
    expect(last).toContain('/nowhere');
    expect(stderr.join('\n')).not.toMatch(/:1:1|completed|plan/);
  });

  it('logs each problem of a file on its own line', async () => {
    const parts = ['r.yaml:1:1: a; write b', 'r.yaml:2:1: c; write d'];
    const { stderr } = await run(CIP, async () => {
      throw new PromotionError('CONFIG_INVALID', 'r.yaml:1:1: a; and r.yaml:2:1: c', { parts });
    });
    expect(stderr.slice(-3).map((line) => line.slice(line.indexOf('level=')))).toEqual([
      'level=error msg="r.yaml:1:1: a; write b"',
      'level=error msg="r.yaml:2:1: c; write d"',
      'level=fatal msg="run `cip run`: promote images: r.yaml:1:1: a; write b (and one more problem, named above)"',
    ]);
  });

  it('prints the stack of a defect only at debug level', async () => {
    const bug: RunCip = async () => {
      throw new TypeError('a bug');
    };
    const quiet = await run(CIP, bug);
    const loud = await run([...CIP, '--log-level=debug'], bug);
    expect([quiet.code, quiet.stderr.join('\n').includes('main.test.ts')]).toEqual([1, false]);
    expect([loud.code, loud.stderr.join('\n').includes('main.test.ts')]).toEqual([1, true]);
    expect(loud.stderr.at(-1)).toMatch(/level=fatal .*a bug"$/);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('returns the exit code of %s if it stops kpromo cip', async (name, expected) => {
    const controller = new AbortController();
    const { code, stderr } = await run(
      CIP,
      async (_options, { signal, stderr: out }) => {
        controller.abort(stopReason(name));
        out.write('summary\n');
        signal.throwIfAborted();
        return 0;
      },
      { signal: controller.signal },
    );
    expect(code).toBe(expected);
    expect(stderr.slice(-2)).toEqual([
      'summary',
      expect.stringMatching(new RegExp(`level=error msg="stopped by ${name}; run the same command again to finish"$`)),
    ]);
  });

  it('fails if the output cannot be written, unless the reader is gone', async () => {
    const full = await run(['version'], undefined, {
      stdoutError: Object.assign(new Error('no space'), { code: 'ENOSPC' }),
    });
    expect(full.code).toBe(1);
    expect(full.stderr.at(-1)).toMatch(/level=fatal msg="writing to stdout failed: no space"$/);
    const gone = await run(['version'], undefined, {
      stdoutError: Object.assign(new Error('gone'), { code: 'EPIPE' }),
    });
    expect([gone.code, gone.stderr]).toEqual([0, []]);
  });
});
