import { describe, expect, it } from 'vitest';
import { flagGroups, flagSyntax, helpText, visibleFlags } from './help.ts';
import { GROUPS, TOPICS } from '../options/commands/command.ts';
import { COMMANDS, commandNamed } from '../options/commands/index.ts';

const whole = { isWhole: true };
const short = { isWhole: false };
const cip = commandNamed('cip');

describe('src/cli/help/help.ts', () => {
  it('lists every command once, by who uses it', () => {
    const text = helpText(undefined, { isWhole: true });
    const headings = Object.values(GROUPS).map((heading) => text.indexOf(`\n${heading}:\n`));
    expect(headings).toEqual(headings.toSorted((a, b) => a - b));
    expect(headings.every((at) => at > 0)).toBe(true);
    for (const { name, group, summary } of COMMANDS) {
      const at = text.indexOf(`\n  ${name} `);
      const section = headings.findLastIndex((heading) => heading < at);
      expect([Object.keys(GROUPS)[section], text.split(`  ${name} `).length, text.includes(summary)]).toEqual([
        group,
        2,
        true,
      ]);
    }
    expect(COMMANDS.filter(({ group }) => group === 'propose').map(({ name }) => name)).toEqual([
      'pr',
      'add',
      'import',
    ]);
  });

  it('lists every command in the program help', () => {
    for (const { name, summary } of COMMANDS)
      expect(helpText(undefined, short)).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  it.each(COMMANDS)('lists every visible flag of $name, and no hidden one', (command) => {
    const text = helpText(command, whole);
    for (const { name } of visibleFlags(command)) expect(text).toMatch(new RegExp(`^  .{4}--${name}\\b`, 'm'));
    expect(text).not.toContain('max-image-size');
    expect(text).toContain(`kpromo ${command.name}`);
  });

  it('shows defaults, exit codes and variables of kpromo cip', () => {
    const text = helpText(cip, whole);
    expect(text).toContain('(default 20)');
    expect(text).toMatch(/^ {2}143 +Stopped by SIGTERM/m);
    expect(text).toMatch(/^ {2}NO_COLOR /m);
  });

  it.each(COMMANDS.filter(({ common }) => common !== undefined))(
    'shows about ten common flags of $name first, and how to list the others',
    (command) => {
      const text = helpText(command, { isWhole: false, columns: 80 });
      const flags = visibleFlags(command);
      const shown = flags.filter((flag) => text.includes(`  ${flagSyntax(flag)}`)).map(({ name }) => name);
      expect(shown.toSorted()).toEqual([...(command.common ?? [])].toSorted());
      expect(shown.length).toBeLessThanOrEqual(12);
      expect(text.split('\n').length).toBeLessThan(64);
      expect(text).toContain(
        `\nAll ${flags.length} flags: kpromo ${command.name} --help=all, or kpromo help ${command.name}\n`,
      );
    },
  );

  it.each(COMMANDS.filter(({ common }) => common === undefined))('shows all of the few flags of $name', (command) => {
    expect(helpText(command, short)).toBe(helpText(command, whole));
    expect(visibleFlags(command).length).toBeLessThan(12);
  });

  it('shows each flag once under the heading of its topic', () => {
    const text = helpText(cip, whole);
    const places = Object.values(TOPICS).map((heading) => text.indexOf(`\n${heading}:\n`));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    for (const command of COMMANDS)
      expect(flagGroups(command).flatMap(([, flags]) => flags)).toEqual(visibleFlags(command));
  });

  it.each(
    [undefined, ...COMMANDS].flatMap((command) =>
      [60, 80, 100, 250].flatMap((columns) => [true, false].map((isWhole) => ({ command, columns, isWhole }))),
    ),
  )('wraps lines to $columns columns, and never beyond a readable width', ({ command, columns, isWhole }) => {
    const lines = helpText(command, { isWhole, columns }).split('\n');
    // a flag with its value, and a word, cannot be broken
    const broken = lines.filter((line) => /\S {1,}\S/.test(line.trim()) && !/^ +(?:-h, )?--[\w-]+ \S+$/.test(line));
    expect(Math.max(...broken.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 100));
  });

  it.each([undefined, ...COMMANDS])('prints each flag on one line if stdout is not a terminal', (command) => {
    const text = helpText(command, whole);
    expect(text).toMatch(/[^\n]\n$/);
    for (const flag of command === undefined ? [] : visibleFlags(command))
      expect(text.split('\n').filter((line) => line.includes(flag.help))).toHaveLength(1);
  });
});
