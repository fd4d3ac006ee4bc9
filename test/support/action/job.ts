import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ensureBuilt } from '../built-cli.ts';
import { createRepository, type TestRepository } from '../git.ts';
import { digestOfLabel, imageOf } from '../promotion/plan-cases.ts';
import { storeImage } from '../registry/images.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { startComments, type TestComments } from './comments.ts';
import { ACTION_ROOT, runAction, type Ended } from './composite.ts';

/** A repository `acme/images` with a tree, its registries, and the comments of its pull request 7. */
export type JobWorld = {
  readonly tree: TestRepository;
  readonly staging: TestRegistry;
  readonly mirror: TestRegistry;
  readonly github: TestComments;
  /** HOME of the runner. */
  readonly home: string;
  /** Runs a job on an event; `version` is `source` unless given. */
  run(job: JobOptions): Promise<Ended>;
};

export type JobOptions = {
  readonly on?: 'pull_request' | 'push' | 'schedule' | 'workflow_dispatch' | 'merge_group' | 'pull_request_target';
  readonly event?: object;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The checkout. Default: the repository itself. */
  readonly workspace?: string;
  /** Cancels the job. */
  readonly cancel?: AbortSignal;
};

export const MANIFEST = 'manifests/app/promoter-manifest.yaml';
export const IMAGES = 'images/app/images.yaml';

/** The images file with the tags of labels, one line for each. */
export function images(tags: Readonly<Record<string, string>>): string {
  const lines = Object.entries(tags).map(([label, tag]) => `    "${digestOfLabel(label)}": ["${tag}"]\n`);
  return `- name: web\n  dmap:\n${lines.join('')}`;
}

/** The event of a pull request from `base` to `head`. */
export const pullEvent = (base: string, head: string, more: object = {}): object => ({
  action: 'synchronize',
  number: 7,
  pull_request: { number: 7, merged: false, base: { sha: base }, head: { sha: head }, ...more },
});

/** Opens a world that ends with the test. Staging has the images A and B; the first commit of the tree has A as v1. */
export async function jobWorld(): Promise<JobWorld> {
  await ensureBuilt();
  const [staging, mirror] = [await startRegistry(), await startRegistry()];
  const tree = await createRepository();
  const machine = mkdtempSync(join(tmpdir(), 'kpromo-runner-'));
  onTestFinished(async () => {
    rmSync(machine, { recursive: true, force: true });
    await Promise.all([staging.close(), mirror.close(), tree[Symbol.asyncDispose]()]);
  });
  for (const label of ['A', 'B']) storeImage(staging.store, 'staging/web', imageOf(label), []);
  await tree.commit({
    [MANIFEST]: `registries:\n- {name: ${staging.host}/staging, src: true}\n- {name: ${mirror.host}/prod}\n`,
    [IMAGES]: images({ A: 'v1' }),
  });
  const github = await startComments();
  // the Node.js of PATH may be too old, as on the images of GitHub
  const node = join(machine, 'tools', 'node', process.versions.node, 'x64', 'bin', 'node');
  mkdirSync(dirname(node), { recursive: true });
  symlinkSync(process.execPath, node);
  const run: JobWorld['run'] = async ({
    on = 'pull_request',
    event = {},
    inputs = {},
    env = {},
    workspace,
    cancel,
  }) => {
    const temp = mkdtempSync(join(machine, 'temp-'));
    const eventFile = join(temp, 'event.json');
    writeFileSync(eventFile, JSON.stringify(event));
    return runAction({
      inputs: { version: 'source', ...inputs },
      token: github.token,
      workspace: workspace ?? tree.path,
      temp,
      cancel: cancel ?? new AbortController().signal,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: machine,
        CI: 'true',
        RUNNER_OS: 'Linux',
        RUNNER_TEMP: temp,
        RUNNER_TOOL_CACHE: join(machine, 'tools'),
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: ACTION_ROOT,
        GITHUB_EVENT_NAME: on,
        GITHUB_EVENT_PATH: eventFile,
        GITHUB_GRAPHQL_URL: github.url,
        GITHUB_REPOSITORY: 'acme/images',
        GITHUB_RUN_ID: '42',
        GITHUB_SERVER_URL: 'https://github.test',
        GITHUB_WORKSPACE: workspace ?? tree.path,
        ...env,
      },
    });
  };
  return { tree, staging, mirror, github, home: machine, run };
}
