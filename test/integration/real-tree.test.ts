import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../src/errors.ts';
import { entryCommits } from '../../src/manifest/history/entry-commits.ts';
import { repositoryOf } from '../../src/manifest/history/load-commit.ts';
import { pastMoves } from '../../src/manifest/history/tag-history.ts';
import { componentsOf, type Component } from '../../src/sharding/components.ts';
import { placed } from '../../src/sharding/placement.ts';
import { setup } from '../../src/phases/setup.ts';
import { parseObjects } from '../../src/git/objects.ts';
import { loadManifests } from '../../src/manifest/load.ts';
import type { LoadedManifests } from '../../src/manifest/manifest.ts';
import { parseOnce } from '../../src/manifest/parse-once.ts';
import type { ValidationDocument } from '../../src/report/terminal/validation.ts';
import { gitServices } from '../support/git.ts';
import { nearChange, replay } from '../support/history.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { testContext } from '../support/promotion/context.ts';

const BUNDLE = join(import.meta.dirname, '../../../shared/real-trees/k8s-2024.bundle');
const PLACE = 'registry.k8s.io';
/** Of 400 changes every so many are read from the disk. */
const STEP = 100;
/** The history up to here has every kind of change: projects that come, change and go. */
const EARLY = 'origin/HEAD~290';

/**
 * The changes that deserve to fail, each looked at by hand. All others have an entry with a digest that is a digit too short, on one
 * line of a file that they do not touch or leave as it is, and some the dispute that #6651 made.
 */
const RED: ReadonlyMap<string, readonly string[]> = new Map([
  // the first: nothing was before, so that everything in it is new, the short digest too
  ['06801faf6ffc', ['ENTRY_INVALID e2e-test-httpbin']],
  // #6651 gives the tag v1.4.0 of kube-webhook-certgen to a second digest; a later change takes it back
  ['e011cb4c7fff', ['TAG_CONFLICT kube-webhook-certgen']],
]);

const textOf = ({ code, image }: Failure): string => `${code} ${image}`;

describe.skipIf(!existsSync(BUNDLE))('the history of a real promotion tree (../shared/real-trees)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-real-'));
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  /** Most files of the tree are the same in all commits that are checked out. */
  const parse = parseOnce();
  const load = (): Promise<LoadedManifests> => loadManifests({ manifests: join(folder, PLACE) }, parse);
  beforeAll(() => void git('clone', '--quiet', BUNDLE, '.'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has warnings of leftovers, and errors of single entries only', async () => {
    const commits = git('rev-list', '--reverse', 'HEAD').split('\n');
    for (const commit of commits.filter((_, index) => index % STEP === STEP - 1)) {
      git('checkout', '--quiet', commit);
      const loaded = await load();
      const { failures, warnings = [] } = await setup({ load: async () => loaded }).run({}, testContext().context);
      expect([...RED.values()].flat()).toEqual(expect.arrayContaining(failures.map(textOf)));
      const manifests = git('ls-files', '*/promoter-manifest.yaml').split('\n');
      expect(loaded.projects).toHaveLength(manifests.length);
      expect(new Set(warnings.map(({ message }) => message.replace(/"[^"]*"/, '…')))).toEqual(
        new Set(['the list of images is empty', 'the image … has no digests', '… has no effect']),
      );
    }
  });

  it('is divided evenly, and another shard moves few digests', async () => {
    git('checkout', '--quiet', 'origin/HEAD');
    const { projects } = await load();
    const tree = projects.flatMap((project) =>
      project.images.map(({ name, digests }) => ({
        source: `${project.source}/${name}`,
        registries: project.destinations.map((destination) => destination.name),
        name,
        digests: digests.length,
      })),
    );
    const components = new Set(componentsOf(tree.filter(({ digests }) => digests > 0)).values());
    const weigh = (some: Iterable<Component>): number => [...some].reduce((sum, { weight }) => sum + weight, 0);
    for (const of of [2, 3, 8]) {
      const { shardOf } = placed(components, of);
      const shares = [...Map.groupBy(components, (one) => shardOf.get(one)).values()].map(weigh);
      expect(shares).toHaveLength(of);
      expect(Math.max(...shares) * of).toBeLessThanOrEqual(1.2 * weigh(components));
      const after = placed(components, of + 1).shardOf;
      const moved = weigh([...components].filter((one) => shardOf.get(one) !== after.get(one)));
      expect(moved * (of + 1)).toBeLessThanOrEqual(1.4 * weigh(components));
    }
  });

  it('fails with a diff for the changes that deserve it, and for no other that is looked at', async () => {
    const red = new Map<string, readonly string[]>();
    const told = new Map<string, number>();
    let looked = 0;
    const isLookedAt = (commit: string, index: number): boolean => index % 4 === 0 || RED.has(commit.slice(0, 12));
    for await (const change of replay(folder, PLACE, isLookedAt)) {
      looked += 1;
      // the whole tree now and then
      const { commit, head, before } = looked % (STEP / 4) === 1 ? change : nearChange(change);
      const { context } = testContext();
      const services = { load: async () => head, ...(before && { loadBase: async () => before }) };
      const { failures, warnings = [] } = await setup(services).run({}, context);
      if (failures.length > 0) red.set(commit.slice(0, 12), failures.map(textOf));
      for (const old of warnings.filter(({ inBase }) => inBase === true))
        told.set(textOf(old), (told.get(textOf(old)) ?? 0) + 1);
    }
    expect(looked).toBe(101);
    expect(red).toEqual(RED);
    // the base of every change but the first has the short digest
    expect(told.get('ENTRY_INVALID e2e-test-httpbin')).toBe(looked - 1);
    expect([...told.keys()].toSorted()).toEqual([...RED.values()].flat().toSorted());
  });

  it('has the tag moves and the commits of entries that a search of its text finds', async () => {
    git('checkout', '--quiet', EARLY);
    const repository = await repositoryOf({ manifests: join(folder, PLACE) }, gitServices());
    const tip = git('rev-parse', 'HEAD');
    const moves = await pastMoves(repository, tip);
    expect(moves.map(({ name, tag }) => `${name}:${tag}`)).toEqual(textMoves());
    // one entry in a thousand, by git's own search
    const { projects } = await load();
    const queries = projects.flatMap(({ destinations: [first], images }) =>
      images.flatMap(({ name, digests }) =>
        digests.map(({ digest, position }) => ({ repository: `${first?.name}/${name}`, digest, file: position.file })),
      ),
    );
    const asked = queries.filter((_, index) => index % 1500 === 700);
    const found = await entryCommits(repository, tip, asked);
    const [spans, searched] = [
      asked.map((query) => found.get(query)?.map(({ addedBy }) => addedBy?.id)),
      asked.map(add),
    ];
    expect(spans).toEqual(searched);
    expect(searched.length).toBeGreaterThan(5);
  });

  const add = ({ digest, file }: { readonly digest: string; readonly file: string }): readonly string[] =>
    git('log', '--first-parent', '--reverse', '--format=%H', `-S${digest}`, '--', relative(folder, file))
      .split('\n')
      .slice(0, 1);

  /** Follows tags by the lines of the images files alone. */
  function textMoves(): readonly string[] {
    const moved: string[] = [];
    const owners = new Map<string, string>();
    const log = git('log', '--first-parent', '--reverse', '--raw', '--no-abbrev', '--format=', '--', '*/images.yaml');
    const changes = [...log.matchAll(/^:\S+ \S+ \S+ ((?!0+ )\S+) \S+\t(\S+)$/gm)];
    const input = [...new Set(changes.map(([, blob]) => `${blob}\n`))].join('');
    const objects = parseObjects(
      execFileSync('git', ['-C', folder, 'cat-file', '--batch'], { input, maxBuffer: 1024 ** 3 }),
    );
    for (const [, blob = '', file = ''] of changes) {
      const text = Buffer.from(objects.get(blob) ?? []).toString('utf8');
      const now = new Map<string, Set<string>>();
      let name = '';
      for (const line of text.split('\n')) {
        name = /^- name: (\S+)/.exec(line)?.[1] ?? name;
        const [, digest = '', tags = ''] = /"(sha256:[0-9a-f]{64})": ?\[(.*)\]/.exec(line) ?? [];
        for (const [, tag = ''] of tags.matchAll(/"([^"]+)"/g))
          now.set(`${file} ${name}:${tag}`, (now.get(`${file} ${name}:${tag}`) ?? new Set()).add(digest));
      }
      for (const [key, digests] of now) {
        const [digest = ''] = digests;
        if (digests.size > 1) continue;
        if ((owners.get(key) ?? digest) !== digest) moved.push(key.split(' ')[1] ?? '');
        owners.set(key, digest);
      }
    }
    return moved;
  }

  it('has the same exit codes through the program', async () => {
    const validate = async (commit: string): Promise<CipRun> => {
      git('checkout', '--quiet', commit);
      const args = ['validate', join(folder, PLACE), '--use-prow-manifest-diff', '--output=json'];
      const env = { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'presubmit', PULL_BASE_SHA: `${commit}^` };
      return kpromo(args, { env });
    };
    const severities = ({ stdout }: CipRun): readonly string[] =>
      (JSON.parse(stdout) as ValidationDocument).problems.flatMap(({ severity, code }) =>
        severity === 'warning' ? [] : [`${severity} ${code}`],
      );
    const bad = await validate('e011cb4c7fff');
    expect([bad.code, severities(bad)]).toEqual([1, ['notice ENTRY_INVALID', 'error TAG_CONFLICT']]);
    git('checkout', '--quiet', 'e011cb4c7fff');
    const next = git('rev-list', '--reverse', 'e011cb4c7fff..origin/HEAD').split('\n')[0] ?? '';
    const good = await validate(next);
    expect([good.code, severities(good)]).toEqual([0, ['notice ENTRY_INVALID', 'notice TAG_CONFLICT']]);
  });
});
