import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cip, type CipRun } from './promotion/cip.ts';
import { entry } from './promotion/stage.ts';
import { writeTree, type ProjectSpec } from './promotion/tree.ts';
import type { SecretWorld } from './secret-world.ts';

/** How fast the clock runs: what waits for minutes fails in a second. */
export const HASTE = 300;

/** One image for all mirrors. */
const project = ({ staging, names }: SecretWorld): ProjectSpec => ({
  name: 'app',
  from: `${staging.host}/staging`,
  to: names.map((name) => `${name}/prod`),
  entries: [entry('app', 'A', 'v1')],
});

/** A promotion that tells all it can; its report files and the file of its events are part of what it prints. */
export async function promote(world: SecretWorld, more: Record<string, string> = {}): Promise<CipRun> {
  await using tree = await writeTree([project(world)]);
  const files = ['json', 'md', 'html', 'xml'].map((ending) => join(world.home, `run.${ending}`));
  const events = join(world.home, 'events.jsonl');
  const flags = [
    '--confirm',
    '--sign=false',
    '--log-level',
    'trace',
    '--registry-config',
    `${world.home}/registries.yaml`,
    ...files.map((file) => `--report=${file}`),
    `--events=${events}`,
  ];
  const env = { ...world.env, GITHUB_ACTIONS: 'true', ...more };
  const run = await cip(['--manifests', tree.path, ...flags], { env, speed: HASTE });
  const reports = await Promise.all([...files, events].map((file) => readFile(file, 'utf8')));
  return { ...run, stdout: run.stdout + reports.join('') };
}

/** Where a secret is shown. */
export const leaks = (world: SecretWorld, shown: string): readonly string[] =>
  world
    .secrets()
    .filter((secret) => shown.includes(secret))
    .map((secret) => shown.slice(Math.max(0, shown.indexOf(secret) - 100), shown.indexOf(secret) + 60));
