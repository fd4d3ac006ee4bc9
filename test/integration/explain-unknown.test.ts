import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExplanationDocument } from '../../src/report/explain/model.ts';
import { onceForFile } from '../support/once.ts';
import { explainWorld, image, reasonOf, type ExplainWorld as World } from '../support/promotion/explain-world.ts';
import { digestOf } from '../support/promotion/summary-world.ts';
import type { Fault } from '../support/registry/faults.ts';
import { storeImage } from '../support/registry/images.ts';
import type { TestRegistry } from '../support/registry/server.ts';

/** Everything is there: who takes something from it gives it back. */
const shared = onceForFile((ends) => explainWorld(true, ends));
/** Nothing is attached to the image in production. */
const bare = onceForFile(async (ends) => {
  const world = await explainWorld(true, ends);
  removeAttached(world);
  return world;
});

/** More commits than there are: a clone with this depth is complete. */
const ALL = 99;

describe('a fact that kpromo explain cannot know', () => {
  type Case = {
    readonly name: string;
    /** The world, if it is not the shared one. */
    readonly world?: () => Promise<World>;
    /** What is taken from it; may return what gives it back. */
    readonly take?: (world: World) => Promise<unknown> | void | (() => void);
    readonly flags?: (world: World) => readonly string[];
    readonly unknown: (facts: ExplanationDocument) => object | undefined;
    readonly reason: RegExp;
    readonly code: number;
  };

  it.each<Case>([
    {
      name: 'because a mirror is down',
      world: () => explainWorld(),
      take: ({ stage }) => stage.mirrors[1]?.close(),
      unknown: ({ places }) => places[1]?.image,
      reason: /prod\/app|refused|connect/i,
      code: 1,
    },
    {
      name: 'because the primary is down',
      take: ({ stage }) => refusing(stage.mirrors.slice(0, 1), 'reset'),
      unknown: ({ signed }) => signed,
      reason: /reset|closed|connect/i,
      code: 1,
    },
    {
      name: 'because the tree is not in a Git repository',
      flags: ({ repository }) => ['--manifests', withoutGit(repository.path)],
      unknown: ({ added }) => added,
      reason: /is in no Git repository/,
      code: 0,
    },
    {
      name: 'because there is no record',
      world: bare,
      unknown: ({ promoted }) => promoted,
      reason: /the image has no promotion record/,
      code: 0,
    },
    {
      name: 'because there is no summary',
      world: bare,
      unknown: ({ summary }) => summary,
      reason: /the image has no verification summary/,
      code: 0,
    },
    {
      name: 'because the trust root is missing',
      flags: ({ repository }) => ['--manifests', repository.path, '--trusted-root=/nonexistent/root.json'],
      unknown: ({ promoted }) => promoted,
      reason: /the trust root could not be loaded/,
      code: 0,
    },
    {
      name: 'because the record is by an unexpected signer',
      flags: ({ repository }) => ['--manifests', repository.path, '--certificate-identity=other@example.com'],
      unknown: ({ promoted }) => promoted,
      reason: /its promotion record is untrusted: it is signed by the unexpected identity promoter@example\.com/,
      code: 0,
    },
    {
      name: 'because the repositories of production must not be read',
      take: ({ stage }) => refusing(stage.mirrors, { status: 403 }),
      unknown: ({ summary }) => summary,
      reason: /403|denied|forbidden/i,
      code: 1,
    },
    {
      name: 'because staging is gone',
      take: ({ stage }) => refusing([stage.staging], 'reset'),
      unknown: ({ staging }) => staging,
      reason: /reset|closed|connect/i,
      code: 0,
    },
    {
      name: 'because nothing names the staging repository',
      world: bare,
      flags: () => [],
      unknown: ({ staging }) => staging,
      reason: /neither the manifests nor a promotion record name its source/,
      code: 0,
    },
  ])('is unknown $name', async ({ world = shared, take, flags, unknown, reason, code }) => {
    const given = await world();
    const giveBack = await take?.(given);
    const { path } = given.repository;
    const ended = await given.explain(
      `${given.primary}:v1`,
      flags === undefined ? ['--manifests', path] : flags(given),
    );
    if (typeof giveBack === 'function') giveBack();
    expect(unknown(ended.facts)).toEqual({ unknown: expect.stringMatching(reason) as string });
    expect(ended.code).toBe(code);
  });

  it('is unknown because the clone is shallow', async () => {
    const { explain, primary, repository } = await shared();
    await using copy = await repository.shallow(ALL);
    await copy.commit({ 'README.md': 'x' });
    await using clone = await copy.shallow(1);
    const { code, facts } = await explain(`${primary}:v1`, ['--manifests', clone.path]);
    expect([code, reasonOf(facts.added)]).toEqual([0, expect.stringContaining('shallow clone')]);
    await copy.write({ 'images/app/images.yaml': `- name: app\n  dmap:\n    "${digestOf(image)}": [v1, v5]\n` });
    const uncommitted = await explain(`${primary}:v5`, ['--manifests', copy.path]);
    expect(reasonOf(uncommitted.facts.added)).toBe('the entry is not committed');
  });

  it('is told of what production has, if staging deleted the image', async () => {
    const { explain, primary, stage } = await shared();
    stage.staging.store.remove('staging/app', 'manifest', digestOf(image));
    const { code, facts } = await explain(`${primary}:v1`);
    storeImage(stage.staging.store, 'staging/app', image, ['v1']);
    expect([code, facts.staging]).toMatchObject([0, { known: { isThere: false } }]);
    expect(facts.built).toMatchObject({
      known: { from: primary, builds: [{ builder: 'https://ci.example/builder' }] },
    });
  });
});

/** Has all requests to these registries answered so, until the returned function is called. */
function refusing(registries: readonly TestRegistry[], fault: Fault): () => void {
  for (const registry of registries) registry.inject(() => fault);
  return () => registries.forEach((registry) => registry.inject(undefined));
}

/** A copy of a tree without its repository, gone after the test. */
function withoutGit(path: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'kpromo-tree-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  cpSync(path, copy, { recursive: true, filter: (name) => basename(name) !== '.git' });
  return copy;
}

/** Removes everything that is attached to the image on both mirrors. */
function removeAttached({ stage }: World): void {
  for (const { store, snapshot } of stage.mirrors) {
    const held = snapshot()['prod/app'];
    for (const tag of Object.keys(held?.tags ?? {}))
      if (tag.startsWith('sha256-')) store.remove('prod/app', 'manifest', tag);
    for (const digest of Object.keys(held?.manifests ?? {}))
      if (digest !== digestOf(image)) store.remove('prod/app', 'manifest', digest);
  }
}
