import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { homeWith } from '../home.ts';
import { kpromo, type CipOptions, type CipRun } from '../promotion/cip.ts';
import { digestOfLabel, imageOf } from '../promotion/plan-cases.ts';
import { storeImage } from '../registry/images.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { startGitHub, TOKEN, type TestGitHub } from './github.ts';

/** The value of the header with which git logs in. */
export const LOGIN = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');

/** A tree in `acme/promos`, its staging and mirror, and `kpromo pr` of alice. */
export type PrWorld = {
  readonly github: TestGitHub;
  readonly staging: TestRegistry;
  readonly mirror: TestRegistry;
  readonly images: string;
  hold(registry: TestRegistry, path: string, content: Readonly<Record<string, readonly string[]>>): void;
  pr(flags: readonly string[], options?: CipOptions): Promise<CipRun>;
  /** The same, with a git that records what it is given; it starts eight more processes for each of git's. */
  prRecorded(flags: readonly string[], options?: CipOptions): Promise<CipRun>;
  /** What git was given: a line `ARGV …` for each process, `ENV …` for its variables, `FILE …` for files with the token. */
  recorded(): readonly string[];
};

/** Opens a world that ends with the test; `web` has the digest A as v1 in the tree. */
export async function prWorld(
  options: RegistryOptions = { google: true },
  more: Readonly<Record<string, string>> = {},
  policy = '',
): Promise<PrWorld> {
  const [staging, mirror] = [await startRegistry(options), await startRegistry()];
  onTestFinished(async () => {
    await Promise.all([staging.close(), mirror.close()]);
    const writes = [staging, mirror].flatMap(({ counters }) =>
      counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD'),
    );
    if (writes.length > 0) throw new Error('a registry was written');
  });
  const images = `- name: web\n  dmap:\n    "${digestOfLabel('A')}": ["v1"]\n`;
  const manifest = `registries:\n- name: ${staging.host}/staging\n  src: true\n- name: ${mirror.host}/prod\n${policy}`;
  const github = await startGitHub({
    'registry/manifests/app/promoter-manifest.yaml': manifest,
    'registry/images/app/images.yaml': images,
    ...more,
  });
  const home = await homeWith({ 'bin/git': '' });
  const record = join(home, 'record');
  const git = `#!/bin/sh
{ printf 'ARGV'; printf ' %s' "$@" | tr '\\n' ' '; echo; env | sed 's/^/ENV /'; } >> ${record}
PATH='${process.env['PATH']}' git "$@"
code=$?
grep -rlF -e '${TOKEN}' -e '${LOGIN}' "$2" 2>/dev/null | sed 's/^/FILE /' >> ${record}
exit $code
`;
  const wrapped = await homeWith({ git });
  const prWith = (path: string | undefined, flags: readonly string[], given: CipOptions = {}): Promise<CipRun> => {
    const isProject = flags.some((flag) => /^--(?:project|staging-repo)/.test(flag));
    const fixed = [
      '--fork=alice',
      '--repo=acme/promos',
      `--github-url=${github.url}`,
      '--tree=registry',
      '--use-ssh=false',
    ];
    const env = { GITHUB_TOKEN: TOKEN, GITHUB_ACTOR: 'alice', PATH: path ?? '', ...given.env };
    return kpromo(['pr', ...fixed, ...(isProject ? [] : ['--project=app']), ...flags], { ...given, env });
  };
  return {
    github,
    staging,
    mirror,
    images,
    hold: ({ store }, path, content) => {
      for (const [label, tags] of Object.entries(content)) storeImage(store, path, imageOf(label), tags);
    },
    pr: (flags, given) => prWith(process.env['PATH'], flags, given),
    prRecorded: (flags, given) => prWith(`${wrapped}:${process.env['PATH']}`, flags, given),
    recorded: () => readFileSync(record, 'utf8').split('\n'),
  };
}
