import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { words } from '../action/words.ts';
import { route } from '../src/cli/route.ts';
import { ACTION } from './support/action/composite.ts';
import { orSkip, requireProgram } from './support/programs.ts';

const ROOT = join(import.meta.dirname, '..');
const page = readFileSync(join(ROOT, 'docs', 'github-action.md'), 'utf8');
const workflows = [...page.matchAll(/```yaml\n([^`]+)```/g)].map(([, yaml = '']) => yaml);

const Workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      permissions: z.record(z.string(), z.string()),
      steps: z.array(z.object({ uses: z.string().optional(), with: z.record(z.string(), z.unknown()).optional() })),
    }),
  ),
});

describe('action/words.ts', () => {
  it.each([
    ['', []],
    [' --a  --b=c\n\t--d\n', ['--a', '--b=c', '--d']],
    [`--e='x y' "f\\"g" h\\ i ''`, ['--e=x y', 'f"g', 'h i', '']],
    ['--glob=* $HOME `id` $(id) ; #x', ['--glob=*', '$HOME', '`id`', '$(id)', ';', '#x']],
    ['--a \\\n  --b', ['--a', '--b']],
  ])('splits %j and expands nothing', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it.each(["--a 'b", '"b', 'b\\'])('rejects %j', (text) => {
    expect(() => words(text)).toThrow('a quote or an escape is not closed');
  });

  it('splits as a shell does', () => {
    const characters = fc.constantFrom('a', '-', '=', ' ', '\t', "'", '"', '\\', 'é');
    const texts = fc.sample(fc.string({ unit: characters, maxLength: 12 }), { numRuns: 400, seed: 17 });
    const closed = texts.filter((text) => {
      try {
        return words(text).length > 0;
      } catch {
        return false;
      }
    });
    expect(closed.length).toBeGreaterThan(100);
    const script = closed
      .map((text) => `for word in ${text}\ndo printf '%s\\0' "$word"\ndone\nprintf '\\1\\0'\n`)
      .join('');
    const { stdout } = spawnSync('sh', { input: script, encoding: 'utf8' });
    const shown = closed.map((text) => [...words(text), '\u0001'].map((word) => `${word}\0`).join('')).join('');
    expect(stdout).toBe(shown);
  });

  it('returns the words that were quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (all) => {
        const quoted = all.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
        expect(words(quoted.join(' '))).toEqual(all);
      }),
    );
  });
});

describe('action.yml', () => {
  it('gives inputs to scripts as variables, never in the text of a script', () => {
    for (const { run } of ACTION.runs.steps)
      expect(run).toMatch(/^exec [^\n]+ "\$GITHUB_ACTION_PATH\/action\/\w+\.\w+"\n?$/);
    for (const { run } of ACTION.runs.steps) expect(run).not.toContain('${{');
  });

  it('does not give the token to kpromo', () => {
    const withToken = ACTION.runs.steps.filter(({ env }) => JSON.stringify(env).includes('token'));
    expect(withToken.map(({ run }) => run.includes('comment.ts'))).toEqual([true]);
  });
});

describe('action/install.sh', () => {
  it('passes shellcheck', async (test) => {
    const shellcheck = await orSkip(test, () => requireProgram('shellcheck'));
    const { status, stdout } = spawnSync(shellcheck, [join(ROOT, 'action', 'install.sh')], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });
});

describe('docs/github-action.md', () => {
  it('lists the inputs and outputs of action.yml, and no others', () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \| /gm)].map(([, name]) => name);
    expect(rows).toEqual([...Object.keys(ACTION.inputs), ...Object.keys(ACTION.outputs)]);
  });

  it.each(workflows)('shows a workflow with inputs that exist and flags that kpromo accepts', (yaml) => {
    const { jobs } = Workflow.parse(load(yaml));
    const uses = Object.values(jobs).flatMap(({ steps }) => steps.filter((step) => step.uses?.startsWith('kpromo/')));
    expect(uses.length).toBeGreaterThan(0);
    for (const { with: given = {} } of uses) {
      expect(Object.keys(ACTION.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
      const args = z.string().default('').parse(given['args']);
      const mode = given['confirm'] === true ? ['--confirm'] : ['--dry-run'];
      const request = route([
        'cip',
        '--manifests=.',
        ...mode,
        ...words(args.replaceAll(/\$\{\{.*?\}\}/g, '--parse-only')),
      ]);
      expect(request.kind).toBe('cip');
    }
  });
});
