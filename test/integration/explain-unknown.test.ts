import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExplanationDocument } from '../../src/report/explain/model.ts';
import { onceForFile } from '../support/once.ts';
import { explainWorld, image, reasonOf, type ExplainWorld as World } from '../support/promotion/explain-world.ts';
import { digestOf } from '../support/promotion/summary-world.ts';

const shared = onceForFile((ends) => explainWorld(true, ends));

describe('a fact that kpromo explain cannot know', () => {
  type Case = {
    readonly name: string;
    /** What is taken from a world of the case's own; undefined for a case that needs nothing taken. */
    readonly take?: (world: World) => Promise<unknown> | void;
    readonly flags?: (world: World) => readonly string[];
    readonly unknown: (facts: ExplanationDocument) => object | undefined;
    readonly reason: RegExp;
    readonly code: number;
  };

  it.each<Case>([
    {
      name: 'because a mirror is down',
      take: ({ stage }) => stage.mirrors[1]?.close(),
      unknown: ({ places }) => places[1]?.image,
      reason: /prod\/app|refused|connect/i,
      code: 1,
    },
    {
      name: 'because the primary is down',
      take: ({ stage }) => stage.mirrors[0]?.close(),
      unknown: ({ signed }) => signed,
      reason: /refused|connect/i,
      code: 1,
    },
    {
      name: 'because the tree is not in a Git repository',
      take: ({ repository }) => rm(join(repository.path, '.git'), { recursive: true }),
      unknown: ({ added }) => added,
      reason: /is in no Git repository/,
      code: 0,
    },
    {
      name: 'because there is no record',
      take: (given) => removeAttached(given),
      unknown: ({ promoted }) => promoted,
      reason: /the image has no promotion record/,
      code: 0,
    },
    {
      name: 'because there is no summary',
      take: (given) => removeAttached(given),
      unknown: ({ summary }) => summary,
      reason: /the image has no verification summary/,
      code: 0,
    },
    {
      name: 'because the trust root is missing',
      flags: () => ['--trusted-root=/nonexistent/root.json'],
      unknown: ({ promoted }) => promoted,
      reason: /the trust root could not be loaded/,
      code: 0,
    },
    {
      name: 'because the record is by an unexpected signer',
      flags: () => ['--certificate-identity=other@example.com'],
      unknown: ({ promoted }) => promoted,
      reason: /its promotion record is untrusted: it is signed by the unexpected identity promoter@example\.com/,
      code: 0,
    },
    {
      name: 'because the repositories of production must not be read',
      take: ({ stage }) => {
        for (const mirror of stage.mirrors) mirror.inject(() => ({ status: 403 }));
      },
      unknown: ({ summary }) => summary,
      reason: /403|denied|forbidden/i,
      code: 1,
    },
    {
      name: 'because staging is gone',
      take: ({ stage }) => stage.staging.close(),
      unknown: ({ staging }) => staging,
      reason: /refused|connect/i,
      code: 0,
    },
    {
      name: 'because nothing names the staging repository',
      take: (given) => removeAttached(given),
      flags: () => [],
      unknown: ({ staging }) => staging,
      reason: /neither the manifests nor a promotion record name its source/,
      code: 0,
    },
  ])('is unknown $name', async ({ take, flags, unknown, reason, code }) => {
    const given = await (take === undefined ? shared() : explainWorld());
    await take?.(given);
    const more = flags?.(given) ?? [];
    const isBare = flags !== undefined && more.length === 0;
    const ended = await given.explain(
      `${given.primary}:v1`,
      isBare ? [] : ['--manifests', given.repository.path, ...more],
    );
    expect(unknown(ended.facts)).toEqual({ unknown: expect.stringMatching(reason) as string });
    expect(ended.code).toBe(code);
  });

  it('is unknown because the clone is shallow', async () => {
    const { explain, primary, repository } = await explainWorld();
    await repository.commit({ 'README.md': 'x' });
    await using clone = await repository.shallow(1);
    const { code, facts } = await explain(`${primary}:v1`, ['--manifests', clone.path]);
    expect([code, reasonOf(facts.added)]).toEqual([0, expect.stringContaining('shallow clone')]);
    await repository.write({ 'images/app/images.yaml': `- name: app\n  dmap:\n    "${digestOf(image)}": [v1, v5]\n` });
    expect(reasonOf((await explain(`${primary}:v5`)).facts.added)).toBe('the entry is not committed');
  });

  it('is told of what production has, if staging deleted the image', async () => {
    const { explain, primary, stage } = await explainWorld();
    stage.staging.store.remove('staging/app', 'manifest', digestOf(image));
    const { code, facts } = await explain(`${primary}:v1`);
    expect([code, facts.staging]).toMatchObject([0, { known: { isThere: false } }]);
    expect(facts.built).toMatchObject({
      known: { from: primary, builds: [{ builder: 'https://ci.example/builder' }] },
    });
  });
});

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
