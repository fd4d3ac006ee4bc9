import { describe, expect, it } from 'vitest';
import { helpText, visibleFlags } from './help.ts';
import { COMMANDS, commandNamed } from '../options/commands/index.ts';

describe('src/cli/help/help.ts', () => {
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

  it.each([undefined, ...COMMANDS].flatMap((command) => [60, 80, 100, 250].map((columns) => ({ command, columns }))))(
    'fits a terminal of $columns columns, and no more than is easy to read',
    ({ command, columns }) => {
      const lines = helpText(command, columns).split('\n');
      // what cannot be broken: the name of a flag with its value, and a word
      const broken = lines.filter((line) => /\S {1,}\S/.test(line.trim()) && !/^ +(?:-h, )?--[\w-]+ \S+$/.test(line));
      expect(Math.max(...broken.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 100));
    },
  );

  it.each([undefined, ...COMMANDS])('gives each flag one line where there is no terminal', (command) => {
    const text = helpText(command);
    expect(text).toMatch(/[^\n]\n$/);
    for (const flag of command === undefined ? [] : visibleFlags(command))
      expect(text.split('\n').filter((line) => line.includes(flag.help))).toHaveLength(1);
  });
});
