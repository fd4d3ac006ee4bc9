import { describe, expect, it } from 'vitest';
import { PromotionError } from '../errors.ts';
import { commandNamed } from './options/commands/index.ts';
import { route } from './route.ts';

const help = (name?: string, isWhole = true) => ({
  kind: 'help',
  about: name === undefined ? undefined : commandNamed(name),
  isWhole,
});

describe('src/cli/route.ts', () => {
  it.each([
    [[], help()],
    [['-h'], help()],
    [['--help'], help()],
    [['--log-level', 'debug'], help()],
    [['help'], help()],
    [['help', 'cip'], help('cip')],
    [['cip', '--help'], help('cip', false)],
    [['cip', '--help=all'], help('cip')],
    [['--help=ALL', 'cip'], help('cip')],
    [['sigcheck', '--help=true'], help('sigcheck', false)],
    [['cip', 'replicate-signatures', '--help=all'], help('replicate')],
    [['-h', 'cip'], help('cip', false)],
    [['cip', '--confirm', '-h'], help('cip', false)],
    [['completion', '-h'], help('completion', false)],
    [['completion', '--help=all'], help('completion')],
    [['version'], { kind: 'version' }],
    [['version', '--log-level=debug'], { kind: 'version' }],
    [['--version'], { kind: 'version' }],
    [['-v'], { kind: 'version' }],
    [['--log-level=debug', '--version', 'cip'], { kind: 'version' }],
    [['explain', 'LOST'], { kind: 'explain', code: 'LOST' }],
    [['explain'], { kind: 'explain', code: undefined }],
    [['completion', 'zsh'], { kind: 'completion', shell: 'zsh' }],
  ])('parses %j', (argv, expected) => {
    expect(route(argv)).toEqual(expected);
  });

  it('accepts common flags before the command', () => {
    expect(route(['--log-level', 'debug', 'cip', '--manifests=x'])).toMatchObject({
      kind: 'cip',
      options: { output: { logLevel: 'debug' }, source: { manifests: 'x' } },
    });
    expect(route(['--log-level=WARN', 'cip', '--manifests=x'])).toMatchObject({
      options: { output: { logLevel: 'warning' } },
    });
  });

  it.each([
    [
      ['--confirm', 'cip'],
      'unknown flag: --confirm',
      'write the flags of a command after it: kpromo COMMAND --confirm',
    ],
    [['--hepl'], 'unknown flag: --hepl', 'did you mean --help?'],
    [
      ['--snapshot=x', 'cip'],
      'unknown flag: --snapshot',
      'write the flags of a command after it: kpromo COMMAND --snapshot',
    ],
    [['--thread=2'], 'unknown flag: --thread', '--help=all lists all flags'],
    [['validate', '.', '--manifest=x'], 'unknown flag: --manifest', '--help=all lists all flags'],
    [['-x'], "unknown shorthand flag: 'x' in -x", '--help=all lists all flags'],
    [['help', 'nope'], 'unknown command "nope" for "kpromo"', '`kpromo help` lists all commands'],
    [['help', 'run', 'files'], '`kpromo help` takes no argument "files"', 'omit it'],
    [['version', 'x'], '`kpromo version` takes no argument "x"', 'omit it'],
    [['version', '--confirm'], 'unknown flag: --confirm', '--help=all lists all flags'],
    [['version', '--log-level=loud'], 'not a valid log level: "loud"', /^write one of panic, fatal,/],
    [['completion'], '`kpromo completion` requires the name of a shell', 'use one of bash, zsh, fish'],
    [['completion', 'csh'], '`kpromo completion` does not support the shell "csh"', 'use one of bash, zsh, fish'],
    [['completion', 'bash', 'x'], '`kpromo completion` takes no argument "x"', 'omit it'],
    [['run', 'files', '--confirm'], 'kpromo has no command "run files"', /gcloud storage rsync/],
    [['pr', '--tag=v1'], '--fork is required', /name your fork/],
    [['replicate'], 'no manifests are given', /--manifests PATH$/],
    [['replicate', 'x', '--manifests=t'], '`kpromo replicate` takes no argument "x"', /--manifests PATH$/],
    [['cip', 'replicate-signatures', 'x'], '`kpromo replicate` takes no argument "x"', /--manifests PATH$/],
    [['replicate', '--key=k', '--manifests=t'], '--key has no effect in a replication', /kpromo help replicate/],
    [
      ['cip', 'replicate-signatures', '--threads=2', '--manifests=t'],
      '--threads has no effect in a replication',
      /omit/,
    ],
    [
      ['replicate', '--parse-only', '--manifests=t'],
      '--parse-only cannot be combined with replication',
      /kpromo cip --parse-only/,
    ],
    [
      ['replicate', '--max-signature-copies=0', '--manifests=t'],
      '--max-signature-copies=0 is not positive',
      /1 or more, for example 50$/,
    ],
  ])('rejects %j', (argv, message, hint) => {
    let refused: unknown;
    try {
      route(argv);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(PromotionError);
    expect(refused).toMatchObject({ code: 'USAGE', message });
    expect((refused as PromotionError).hint).toMatch(hint);
  });

  it.each([
    ['cip', 'replicate-signatures'],
    ['cip', '--max-signature-copies=7', 'replicate-signatures'],
    ['replicate'],
  ])('routes both names of replication: %s %s', (...words) => {
    const request = route([...words, '--manifests=tree', '--confirm']);
    expect(request).toMatchObject({
      kind: 'replicate',
      options: {
        source: { manifests: 'tree' },
        run: { confirm: true, copies: words.length === 3 ? 7 : 50 },
        signing: { sign: true },
      },
    });
  });

  it('prints the same help for both names of replication', () => {
    for (const words of [['cip', 'replicate-signatures'], ['replicate']])
      expect(route([...words, '--help'])).toMatchObject({ kind: 'help', about: { name: 'replicate' } });
  });
});
