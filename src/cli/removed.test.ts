import { describe, expect, it } from 'vitest';
import { CIP_FLAGS } from './options.ts';
import { FOREIGN_COMMANDS, REMOVED_FLAGS, unknownCommand, unknownFlag } from './removed.ts';

describe('src/cli/removed.ts', () => {
  it.each([...REMOVED_FLAGS.keys()])('says that --%s was removed and what to do instead', (name) => {
    const { code, message, hint } = unknownFlag(name, CIP_FLAGS);
    expect([code, message]).toEqual(['USAGE', `--${name} was removed`]);
    expect(hint).toBe(REMOVED_FLAGS.get(name));
  });

  it('names the nearest flag, but never a hidden one', () => {
    expect(unknownFlag('thread', CIP_FLAGS).hint).toBe('did you mean --threads?');
    expect(unknownFlag('max-image-sizes', CIP_FLAGS).hint).not.toContain('max-image-size');
  });

  it.each([...FOREIGN_COMMANDS])('says what to use instead of `%s`', (command, instead) => {
    const { message, hint } = unknownCommand(command.split(' '));
    expect(message).toBe(`kpromo has no command "${command}"`);
    expect(hint).toBe(instead);
  });

  it.each([
    [['pr'], '`kpromo pr` is not available in this version'],
    [['gh', 'anything'], 'kpromo has no command "gh"'],
    [['cpi'], 'unknown command "cpi" for "kpromo"'],
  ])('explains %j', (words, message) => {
    expect(unknownCommand(words).message).toBe(message);
  });

  it('names the nearest command only where it is near', () => {
    expect(unknownCommand(['verison']).hint).toBe('did you mean `kpromo version`?');
    expect(unknownCommand(['frobnicate']).hint).toBe('`kpromo help` lists all commands');
  });
});
