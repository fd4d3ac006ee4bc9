import { describe, expect, it } from 'vitest';
import { CIP_FLAGS } from './options/commands/cip.ts';
import { flagsOf } from './options/commands/command.ts';
import { COMMANDS } from './options/commands/index.ts';
import { FOREIGN_COMMANDS, FOREIGN_FLAGS, REMOVED_FLAGS, unknownCommand, unknownFlag } from './unknown.ts';

const NAMES = COMMANDS.map(({ name }) => name);

describe('src/cli/unknown.ts', () => {
  it.each([...REMOVED_FLAGS.keys()])('names the replacement of the removed flag --%s', (name) => {
    const { code, message, hint } = unknownFlag(name, CIP_FLAGS);
    expect([code, message]).toEqual(['USAGE', `--${name} was removed`]);
    expect(hint).toBe(REMOVED_FLAGS.get(name));
  });

  it('suggests the nearest flag, but no hidden flag and none that writes', () => {
    expect(unknownFlag('thread', CIP_FLAGS).hint).toBe('did you mean --threads?');
    expect(unknownFlag('frobnicate', CIP_FLAGS).hint).toBe('--help=all lists all flags');
    expect(unknownFlag('max-image-sizes', CIP_FLAGS).hint).not.toContain('max-image-size');
  });

  it('never suggests a flag that writes', () => {
    for (const { flags } of COMMANDS)
      for (const typed of ['confim', 'confrim', 'confirmm', 'conifrm', 'comfirm'])
        expect(unknownFlag(typed, flagsOf(flags)).hint).toBe('--help=all lists all flags');
  });

  it.each([...FOREIGN_FLAGS])('names the replacement of --%s of other tools', (name, instead) => {
    for (const { flags } of COMMANDS) expect(unknownFlag(name, flagsOf(flags)).hint).toBe(instead);
  });

  it.each([...FOREIGN_COMMANDS])('names the replacement of `%s`', (command, instead) => {
    const { message, hint } = unknownCommand(command.split(' '), NAMES);
    expect(message).toBe(`kpromo has no command "${command}"`);
    expect(hint).toBe(instead);
  });

  it.each([
    [['gh', 'anything'], 'kpromo has no command "gh"'],
    [['cpi'], 'unknown command "cpi" for "kpromo"'],
  ])('explains %j', (words, message) => {
    expect(unknownCommand(words, NAMES).message).toBe(message);
  });

  it('suggests a command only if it is similar', () => {
    expect(unknownCommand(['verison'], NAMES).hint).toBe('did you mean `kpromo version`?');
    expect(unknownCommand(['frobnicate'], NAMES).hint).toBe('`kpromo help` lists all commands');
  });
});
