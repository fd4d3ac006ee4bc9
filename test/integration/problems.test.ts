import { describe, expect, it } from 'vitest';
import { fitted } from '../../src/cli/output/fitted.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { AT_ONCE, OFFLINE, ONLINE, type ProblemCase } from '../support/promotion/problem-cases.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { digestOf, startWorld } from './uses/world.ts';

/** The clock's speed: what is tried again for minutes is over in a moment. */
const HASTE = 1000;

async function provoke({ options, project, spoil, args = [] }: Omit<ProblemCase, 'code' | 'says'>): Promise<CipRun> {
  await using world = await startWorld(options);
  await using tree = await writeTree([{ ...world.project('one', { v1: digestOf(1) }), ...project?.(world) }]);
  spoil?.(world, tree.path);
  const place = args.includes('--manifests') ? [] : ['--manifests', tree.path];
  return await cip([...place, ...args], { speed: HASTE });
}

/** The lines of the first problem of a code, without their indents. */
function problemOf(code: string, { summary }: CipRun): readonly string[] {
  const lines = summary.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^ {2}${code}(?: |$)`).test(line));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('      '));
  return start < 0 ? [] : lines.slice(start, end < 0 ? undefined : end);
}

describe('what people read when something is wrong', () => {
  it.each([...OFFLINE, ...ONLINE])('$code: names what it is about, and ends with what to do next', async (given) => {
    const run = await provoke(given);
    const lines = problemOf(given.code, run);
    const text = lines.map((line) => line.trim()).join(' ');
    for (const pattern of given.says) expect(text, run.stderr).toMatch(pattern);
    expect(text).toMatch(/ → \S/);
    // on a terminal of 80 columns only a single word may be too long
    const shown = fitted(lines.join('\n'), { columns: () => 80 }).split('\n');
    expect(shown.filter((line) => line.length > 80 && /\S\s+\S/.test(line.trim()))).toEqual([]);
    expect(run.code).toBe(1);
    expect(run.stderr.trimEnd().split('\n').at(-1)).toContain('level=fatal');
  });

  it.each(AT_ONCE)('%s %j: says in its last line what is wrong and what to do', async (_, args, says) => {
    const run = await provoke({ args });
    const last = run.log.at(-1) ?? '';
    expect(last).toMatch(/^fatal /);
    expect(last).toMatch(says);
    expect([run.code, run.stdout]).toEqual([1, '']);
  });
});
