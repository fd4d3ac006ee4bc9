import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../../errors.ts';
import { parseFlags } from './parse-flags.ts';

const FLAGS = [
  { name: 'file', short: 'f', type: 'string', default: '', value: 'FILE', help: '' },
  { name: 'count', short: 'n', type: 'int', default: '20', help: '' },
  { name: 'sign', short: 's', type: 'bool', default: 'true', help: '' },
  { name: 'confirm', short: 'c', type: 'bool', default: 'false', help: '', writes: true },
  { name: 'form', type: 'string', default: '', choices: ['json', 'yaml'], help: '' },
  { name: 'level', type: 'int', default: '-1', min: -1, max: 5, example: '4', help: '' },
  { name: 'shape', type: 'stringArray', default: '', choices: ['a', 'b', 'c', 'd'], refusal: 'no shape: ', help: '' },
  { name: 'allow', type: 'stringArray', default: '', help: '' },
  { name: 'wait', type: 'duration', default: '10m', min: 1, help: '' },
  { name: 'show', type: 'bool', default: 'false', choices: ['all'], help: '' },
  { name: 'old', type: 'int', default: '1', help: '', hidden: true },
] as const;

const parse = (...argv: string[]) => parseFlags(FLAGS, argv);

function failure(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof PromotionError && error.code === 'USAGE') return `${error.message}; ${error.hint}`;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

function outcome(argv: readonly string[]): string {
  try {
    parse(...argv);
    return 'read';
  } catch (error) {
    return error instanceof PromotionError ? error.code : String(error);
  }
}

describe('src/cli/options/flags/parse-flags.ts', () => {
  it('returns the defaults without arguments', () => {
    const { values, given, positional } = parse();
    expect(values).toEqual({
      file: '',
      count: 20,
      sign: true,
      confirm: false,
      show: false,
      allow: [],
      wait: 600_000,
      old: 1,
      form: '',
      level: -1,
      shape: [],
    });
    expect([given.size, positional]).toEqual([0, []]);
  });

  it.each([
    [['--file=a', '--count', '0x10'], { file: 'a', count: 16 }],
    [['--file='], { file: '' }],
    [['--show'], { show: true }],
    [['--show=all'], { show: 'all' }],
    [['--show=ALL'], { show: 'all' }],
    [['--show=f'], { show: false }],
    [['--file=a=b'], { file: 'a=b' }],
    [['--file', '--confirm'], { file: '--confirm', confirm: false }],
    [['--file', '--'], { file: '--' }],
    [['--sign=f', '--confirm'], { sign: false, confirm: true }],
    [['--confirm', '--confirm=false'], { confirm: false }],
    [['--count=1', '--count=2'], { count: 2 }],
    [['--allow=b', '--allow', 'a,c', '--allow=b'], { allow: ['b', 'a,c', 'b'] }],
    [['--wait=1m30s'], { wait: 90_000 }],
    [['-cf', 'x'], { confirm: true, file: 'x' }],
    [['-cfx'], { confirm: true, file: 'x' }],
    [['-f=x'], { file: 'x' }],
    [['-f='], { file: '=' }],
    [['-s=false'], { sign: false }],
    [['-n-3'], { count: -3 }],
    [['--old=5'], { old: 5 }],
    [['--form=JSON'], { form: 'json' }],
    [['--form='], { form: '' }],
    [['--shape=A', '--shape=d'], { shape: ['a', 'd'] }],
    [['--level=5'], { level: 5 }],
  ])('parses %j', (argv, expected) => {
    expect(parse(...argv).values).toMatchObject(expected);
  });

  it('keeps the order of positional arguments between flags', () => {
    expect(parse('a', '--confirm', 'false', '-', '--', '--file', '-c').positional).toEqual([
      'a',
      'false',
      '-',
      '--file',
      '-c',
    ]);
  });

  it('records given flags, even with their default', () => {
    expect([...parse('--sign', '-n', '20').given]).toEqual(['sign', 'count']);
  });

  it.each([
    [['--fiel'], 'unknown flag: --fiel; did you mean --file?'],
    [['--fiel=x'], 'unknown flag: --fiel; did you mean --file?'],
    [['--confrim'], 'unknown flag: --confrim; --help=all lists all flags'],
    [['--xyzzyxyzzy'], 'unknown flag: --xyzzyxyzzy; --help=all lists all flags'],
    [['--olf'], 'unknown flag: --olf; --help=all lists all flags'],
    [['--version'], 'unknown flag: --version; `kpromo version` prints the version'],
    [['--form=xml'], 'invalid argument "xml" for "--form" flag; write json or yaml'],
    [['--shape=e'], 'no shape: "e"; write one of a, b, c, d'],
    [['--level=high'], 'invalid argument "high" for "--level" flag; write a whole number from -1 to 5, for example 4'],
    [['--level=6'], '--level=6 is more than 5; write a whole number from -1 to 5, for example 4'],
    [['--level=-2'], '--level=-2 is less than -1; write a whole number from -1 to 5, for example 4'],
    [['--wait=0'], '--wait=0 is not positive; write a duration, 1ms or more, for example 10m'],
    [['--file'], 'flag needs an argument: --file; write --file=FILE'],
    [['-n'], "flag needs an argument: 'n' in -n; write -n VALUE"],
    [['-cq'], "unknown shorthand flag: 'q' in -cq; --help=all lists all flags"],
    [['-wait'], "unknown shorthand flag: 'w' in -wait; did you mean --wait?"],
    [['--=x'], /^bad flag syntax: --=x; /],
    [['---file'], /^bad flag syntax: ---file; /],
    [['--count=many'], 'invalid argument "many" for "-n, --count" flag; write a whole number, for example 20'],
    [['--show=most'], 'invalid argument "most" for "--show" flag; write true, false or all'],
    [['--confirm='], 'invalid argument "" for "-c, --confirm" flag; write true or false'],
    [['--wait=5'], 'invalid argument "5" for "--wait" flag; write a duration, 1ms or more, for example 10m'],
  ])('rejects %j', (argv, expected) => {
    expect(failure(...argv)).toMatch(expected);
  });

  it('parses a value after an equals sign, as the next word, and after a shorthand', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parse(`--file=${text}`).values.file).toBe(text);
        expect(parse('--file', text).values.file).toBe(text);
        expect(parse('-f', text).values.file).toBe(text);
      }),
    );
  });

  it('keeps the order of repeated values', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.boolean())), (typed) => {
        const argv = typed.flatMap(([text, joined]) => (joined ? [`--allow=${text}`] : ['--allow', text]));
        expect(parse(...argv).values.allow).toEqual(typed.map(([text]) => text));
      }),
    );
  });

  it('uses the last of several values', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { minLength: 1 }), (numbers) => {
        expect(parse(...numbers.map((number) => `--count=${number}`)).values.count).toBe(numbers.at(-1));
      }),
    );
  });

  it('parses no flag after --', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const { given, positional } = parse('--confirm', '--', ...words);
        expect([[...given], positional]).toEqual([['confirm'], words]);
      }),
    );
  });

  it('throws only USAGE errors for random arguments', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('-', '--', '-c', '-cn', '--file', '--sign=', '--count', '--__proto__', '--constructor=1'),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        expect(outcome(argv)).toMatch(/^(?:read|USAGE)$/);
      }),
    );
  });
});
