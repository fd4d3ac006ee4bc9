import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseFlags } from '../flags/parse-flags.ts';
import type { Flag } from '../flags/flag.ts';
import { COMMON_FLAGS } from '../output.ts';
import { CIP_FLAGS } from './cip.ts';
import { flagsOf } from './command.ts';
import { COMMANDS } from './index.ts';
import { route } from '../../route.ts';
import { SIGCHECK_FLAGS } from './sigcheck.ts';
import { FOREIGN_COMMANDS, REMOVED_FLAGS } from '../../unknown.ts';

type UpstreamFlag = {
  readonly flag: string;
  readonly short?: string;
  readonly type: string;
  readonly default: string;
  readonly global: boolean;
};

const { commands } = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/flags.json', import.meta.url), 'utf8'),
) as {
  readonly commands: Readonly<Record<string, readonly UpstreamFlag[]>>;
};
const own: readonly Flag[] = CIP_FLAGS;

const isKnown = (words: string): boolean => {
  try {
    return route([...words.split(' '), '--help']).kind === 'help';
  } catch {
    return false;
  }
};

describe('src/cli/options/commands/index.ts', () => {
  it.each(commands['cip'] ?? [])("has upstream's flag $flag with its type and default", (upstream) => {
    const flag = own.find(({ name }) => `--${name}` === upstream.flag);
    const { type, default: value, short } = flag ?? {};
    expect({ type, value, short }).toEqual({
      type: upstream.type,
      value: upstream.default,
      short: upstream.short?.slice(1),
    });
  });

  it.each(commands['sigcheck'] ?? [])("has upstream's sigcheck flag $flag with its type and default", (upstream) => {
    const flags: readonly Flag[] = SIGCHECK_FLAGS;
    const flag = flags.find(({ name }) => `--${name}` === upstream.flag);
    const none = upstream.type === 'int' ? '0' : '';
    expect([flag?.type, flag?.default]).toEqual([upstream.type, upstream.default === '' ? none : upstream.default]);
  });

  it.each(commands['cip replicate-signatures (v4.4.1)'] ?? [])(
    "accepts upstream's replicate-signatures flag $flag with its default",
    ({ flag, default: value }) => {
      const manifest = flag === '--thin-manifest-dir' ? '--thin-manifest-dir=d' : '--manifest=m';
      const given = ['--manifest', '--thin-manifest-dir'].includes(flag)
        ? []
        : [flag === '--help' ? flag : `${flag}=${value}`];
      const request = route(['cip', 'replicate-signatures', manifest, ...given]);
      expect(request.kind).toBe(flag === '--help' ? 'help' : 'replicate');
    },
  );

  it('shows only replication flags in the help of replicate, with their own texts', () => {
    const flags = flagsOf(COMMANDS.find(({ name }) => name === 'replicate')?.flags ?? {});
    expect(flags.find(({ name }) => name === 'confirm')?.help).toMatch(/^Copy what is missing/);
    expect(
      flags.map(({ name }) => name).filter((name) => /key|url|identity|account|sign-|vuln|snapshot/.test(name)),
    ).toEqual([]);
  });

  it("gives every command upstream's global flags", () => {
    const names = (commands['cip'] ?? []).filter(({ global }) => global).map(({ flag }) => flag.slice(2));
    expect(names).toEqual(['log-level']);
    expect(COMMON_FLAGS.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  it("supports or explains each of upstream's commands", () => {
    expect(commands['cip']?.length).toBe(21);
    for (const name of Object.keys(commands)) {
      const plain = name.replace(/ \(.*/, '');
      expect([plain, isKnown(plain) || FOREIGN_COMMANDS.has(plain)]).toEqual([plain, true]);
    }
  });

  it('declares no flag that is also listed as removed', () => {
    for (const { name } of COMMANDS.flatMap(({ flags }) => flagsOf(flags))) {
      expect([name, REMOVED_FLAGS.has(name)]).toEqual([name, false]);
    }
  });

  it.each(COMMANDS)('gives each flag of $name a unique name, a valid default and a sentence', ({ flags }) => {
    const all = flagsOf(flags);
    expect(all).toEqual(expect.arrayContaining([...COMMON_FLAGS]));
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(() => parseFlags(all, [])).not.toThrow();
    for (const { help, type, value } of all) {
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect(value === undefined).toBe(type === 'bool');
    }
  });
});
