import { describe, expect, it } from 'vitest';
import { helpText, visibleFlags } from './help.ts';
import { COMMANDS, commandNamed } from './options.ts';

describe('src/cli/help.ts', () => {
  it('lists every command in the program help', () => {
    for (const { name, summary } of COMMANDS)
      expect(helpText(undefined)).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  it.each(COMMANDS)('lists every visible flag of $name and no hidden one', (command) => {
    const text = helpText(command);
    for (const { name } of visibleFlags(command)) expect(text).toMatch(new RegExp(`^  .{4}--${name}\\b`, 'm'));
    expect(text).not.toContain('max-image-size');
    expect(text).toContain(`kpromo ${command.name}`);
  });

  it('shows defaults, exit codes and variables of the main job', () => {
    const text = helpText(commandNamed('cip'));
    expect(text).toContain('(default 20)');
    expect(text).toMatch(/^ {2}143 +Stopped by SIGTERM/m);
    expect(text).toMatch(/^ {2}NO_COLOR /m);
  });

  it.each([undefined, ...COMMANDS])('fits a terminal of 100 columns', (command) => {
    expect(
      Math.max(
        ...helpText(command)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    expect(helpText(command)).toMatch(/[^\n]\n$/);
  });
});
