import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { route } from '../src/cli/route.ts';
import { orSkip, requireProgram } from './support/programs.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, '.github', 'workflows');
const NAMES = readdirSync(FOLDER).toSorted();
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

const Step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const Job = z.object({
  uses: z.string().optional(),
  environment: z.string().optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write'])),
  'timeout-minutes': z.number().optional(),
  container: z.object({ image: z.string() }).optional(),
  steps: z.array(Step).default([]),
});
const Workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.object({}).strict(),
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.unknown() }),
  jobs: z.record(z.string(), Job),
});
type Step = z.infer<typeof Step>;

const parsed = new Map(NAMES.map((name) => [name, Workflow.parse(load(read(name)))]));
const jobsOf = (name: string): readonly (readonly [string, z.infer<typeof Job>])[] =>
  Object.entries(parsed.get(name)?.jobs ?? {});
const stepsOf = (name: string): readonly Step[] => jobsOf(name).flatMap(([, { steps }]) => steps);
const commandsOf = (name: string): readonly string[] => stepsOf(name).flatMap(({ run }) => run ?? []);

describe('the workflows', () => {
  it('are these', () => {
    expect(NAMES).toEqual(['ci.yml', 'codeql.yml', 'promote.yml', 'release.yml', 'scorecard.yml']);
  });

  it('pass actionlint, their scripts shellcheck, and so do those that pages show', async (test) => {
    const [actionlint, shellcheck] = await orSkip(test, () => [
      requireProgram('actionlint'),
      requireProgram('shellcheck'),
    ]);
    const lint = (args: readonly string[], input = ''): readonly unknown[] => {
      const options = { cwd: ROOT, input, encoding: 'utf8' } as const;
      const { status, stdout, stderr } = spawnSync(actionlint, [`-shellcheck=${shellcheck}`, ...args], options);
      return [status, stdout, stderr];
    };
    const passed = [0, '', ''];
    expect(lint(NAMES.map((name) => join(FOLDER, name)))).toEqual(passed);
    for (const [page, workflow] of shownWorkflows())
      expect([page, ...lint(['-'], workflow)]).toEqual([page, ...passed]);
    // The check can fail: without the quotes, shellcheck objects.
    const loose = read('release.yml').replace('check "$GITHUB_REF_NAME"', 'check $GITHUB_REF_NAME');
    expect(lint(['-'], loose)).toEqual([1, expect.stringContaining('SC2086'), '']);
  });

  it.each(NAMES)('in %s pin every action by its digest, with its version beside it', (name) => {
    const lines = read(name)
      .split('\n')
      .filter((line) => /^\s*(?:- )?uses:/.test(line));
    const loose = lines.filter((line) => !/uses: (?:\.\/|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(line));
    expect(loose).toEqual([]);
    const images = [...read(name).matchAll(/^\s*(?:image|driver-opts|sbom): (\S+)$/gm)].map(([, image = '']) => image);
    expect(images.filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
  });

  it('pin an action to one digest in all files', () => {
    const byAction = Map.groupBy(
      NAMES.flatMap((name) => usesIn(read(name))),
      ([action]) => action,
    );
    for (const [action, uses] of byAction)
      expect([action, new Set(uses.map(([, pin]) => pin)).size]).toEqual([action, 1]);
  });

  it('are pinned as the examples of the pages are', () => {
    const pages = readdirSync(join(ROOT, 'docs')).map((name) => readFileSync(join(ROOT, 'docs', name), 'utf8'));
    // The digest of a release of kpromo is not known before that release.
    const isPinned = /^(?:[0-9a-f]{40}|<sha>) # v\d+\.\d+\.\d+$/;
    expect(pages.flatMap(usesIn).filter(([, pin]) => !isPinned.test(pin))).toEqual([]);
  });

  it.each(NAMES)('in %s give each job the rights that it needs and a time limit', (name) => {
    for (const [job, { uses, 'timeout-minutes': limit }] of jobsOf(name))
      expect(uses !== undefined || (limit ?? Infinity) <= 60, job).toBe(true);
  });

  it.each(NAMES)('in %s keep no credentials in the clone, and run no text of others', (name) => {
    const clones = stepsOf(name).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(clones.filter((step) => step.with['persist-credentials'] !== false)).toEqual([]);
    // An expression in `run` becomes part of the script: values reach it by variables.
    expect(commandsOf(name).filter((command) => command.includes('${{'))).toEqual([]);
    expect(Object.keys(parsed.get(name)?.on ?? {})).not.toEqual(expect.arrayContaining(['pull_request_target']));
    expect(Object.keys(parsed.get(name)?.on ?? {})).not.toEqual(expect.arrayContaining(['workflow_run']));
  });

  it('write only in these jobs, and never for a pull request', () => {
    const writers = NAMES.flatMap((name) =>
      jobsOf(name).flatMap(([job, { permissions }]) =>
        Object.entries(permissions).flatMap(([right, level]) => (level === 'write' ? [`${name} ${job} ${right}`] : [])),
      ),
    );
    expect(writers.toSorted()).toEqual([
      'codeql.yml analyze security-events',
      'promote.yml promote id-token',
      'promote.yml promote packages',
      'release.yml github contents',
      'release.yml image attestations',
      'release.yml image id-token',
      'release.yml image packages',
      'release.yml npm id-token',
      'release.yml package attestations',
      'release.yml package id-token',
      'release.yml propose contents',
      'release.yml propose pull-requests',
      'scorecard.yml analyze id-token',
      'scorecard.yml analyze security-events',
    ]);
  });

  it('start kpromo with flags that it has', () => {
    const lines = NAMES.flatMap((name) => commandsOf(name))
      .flatMap((command) => command.split('\n'))
      .filter((line) => line.startsWith('bin/kpromo '));
    const values: Readonly<Record<string, string>> = { GITHUB_REF_NAME: 'v1.2.3', DIGEST: `sha256:${'0'.repeat(64)}` };
    const words = (line: string): readonly string[] =>
      line.replaceAll(/"\$(\w+)"/g, (_, name: string) => values[name] ?? '').split(' ');
    const kinds = lines.map((line) => route(words(line).slice(1)).kind);
    expect(kinds).toEqual(['cip', 'cip', 'sigcheck', 'pr']);
  });

  it('test the oldest Node.js that is supported', () => {
    const { engines } = z
      .object({ engines: z.object({ node: z.string() }) })
      .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    expect(read('ci.yml')).toContain(`node: ['${engines.node.replace('>=', '')}', '24']`);
  });

  it('call scripts and files that exist', () => {
    const paths = NAMES.flatMap((name) => commandsOf(name)).flatMap((command) =>
      [...command.matchAll(/\b((?:tools|manifests|test)\/[\w./-]+|\.ci\/\w+)/g)].map(([, path = '']) => path),
    );
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

/** Returns the whole workflows in the pages of docs/, with their page. */
function shownWorkflows(): readonly (readonly [string, string])[] {
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return pages.flatMap((page) => {
    const blocks = [...readFileSync(join(ROOT, 'docs', page), 'utf8').matchAll(/^```ya?ml\n([^]*?)^```/gm)];
    return blocks.flatMap(([, yaml = '']) =>
      /^on:/m.test(yaml) && /^jobs:/m.test(yaml) ? [[page, yaml] as const] : [],
    );
  });
}

/** Returns the actions that a text uses, with what follows their `@`. */
function usesIn(text: string): readonly (readonly [action: string, pin: string])[] {
  return [...text.matchAll(/uses: ([\w-]+\/[\w./-]+)@(.*)/g)].map(([, action = '', pin = '']) => [action, pin]);
}
