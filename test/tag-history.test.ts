import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Failure } from '../src/errors.ts';
import { loadDiffBase } from '../src/manifest/history/diff-base.ts';
import { entryCommits } from '../src/manifest/history/entry-commits.ts';
import { repositoryOf } from '../src/manifest/history/load-commit.ts';
import { pastMoves } from '../src/manifest/history/tag-history.ts';
import { loadManifests } from '../src/manifest/load.ts';
import { setup } from '../src/phases/setup.ts';
import type { Digest } from '../src/image/digest.ts';
import { gitServices } from './support/git.ts';
import { testContext } from './support/promotion/context.ts';
import { movesOf, ownersOf, sinceWhen, spansOf, tagsOf, wantsOf } from './support/tree-scripts/oracle.ts';
import { play, type PlayedScript } from './support/tree-scripts/repository.ts';
import { randomScripts, type Script } from './support/tree-scripts/scripts.ts';

/** Each run starts ten processes of git. More runs and other seeds found nothing: 300 of each property. */
const RUNS = { numRuns: 8, seed: 3 };

/** The three properties only read, and have the same scripts: each is played once. */
const made = new Map<string, Promise<PlayedScript>>();
afterAll(async () => {
  for (const played of made.values()) await (await played)[Symbol.asyncDispose]();
});

function playOnce(script: Script): Promise<PlayedScript> {
  const key = fc.stringify(script);
  const played = made.get(key) ?? play(script);
  made.set(key, played);
  return played;
}

async function moveLines({ path }: PlayedScript, base: string): Promise<readonly string[]> {
  const request = { manifests: path };
  const services = {
    load: () => loadManifests(request),
    loadBase: () => loadDiffBase(request, { revision: base }, gitServices()),
    isOffline: true,
  };
  const { failures } = await setup(services).run({}, testContext().context);
  const lines = ({ refs = [], places }: Failure): string[] =>
    refs.map((ref) => [ref, ...(places ?? []).flatMap(({ digest, commit }) => [digest, commit])].join(' '));
  return failures
    .filter(({ code }) => code === 'TAG_MOVE')
    .flatMap(lines)
    .toSorted();
}

/** Returns the tags that move between two states, by the rule for all states between. */
function expectedLines({ models, commits, now }: PlayedScript, base: number): readonly string[] {
  const before = models.slice(0, base + 1);
  const owners = ownersOf(before);
  return [...tagsOf(now)]
    .flatMap(([ref, digests]) => {
      const [digest = ''] = digests;
      const owner = owners.get(ref);
      if (digests.length !== 1 || owner === undefined || owner === digest) return [];
      const given = movesOrAdds(before, ref, owner);
      const since = sinceWhen(models, `${ref} ${digest}`);
      return [[ref, owner, commits[given ?? -1], digest, since === undefined ? undefined : commits[since]].join(' ')];
    })
    .toSorted();
}

/** Returns the index of the last state that began to give a tag to a digest. */
function movesOrAdds(models: PlayedScript['models'], ref: string, digest: string): number | undefined {
  return spansOf(models, `${ref} ${digest}`).at(-1)?.[0];
}

describe('the history of random trees', () => {
  it('has every tag that ever moved, with both commits', async () => {
    let moves = 0;
    await fc.assert(
      fc.asyncProperty(randomScripts, async (script: Script) => {
        const played = await playOnce(script);
        const repository = await repositoryOf({ manifests: played.path }, gitServices());
        const found = await pastMoves(repository, played.commits.at(-1) ?? '');
        const lines = found.map(({ repository: name, tag, places: [from, to] }) =>
          [`${name}:${tag}`, from.digest, from.commit, to.digest, to.commit].join(' '),
        );
        const expected = movesOf(played.models).map(({ ref, from, to, given, moved }) =>
          [ref, from, played.commits[given], to, played.commits[moved]].join(' '),
        );
        moves += expected.length;
        expect(lines.toSorted()).toEqual(expected.toSorted());
      }),
      RUNS,
    );
    expect(moves).toBeGreaterThan(0);
  });

  it('makes a diff find every tag that another digest had before, and its commits', async () => {
    let moves = 0;
    await fc.assert(
      fc.asyncProperty(randomScripts, async (script: Script) => {
        const played = await playOnce(script);
        const expected = expectedLines(played, script.base);
        moves += expected.length;
        expect(await moveLines(played, played.commits[script.base] ?? '')).toEqual(expected);
      }),
      RUNS,
    );
    expect(moves).toBeGreaterThan(0);
  });

  it('names the commits that added and removed every entry', async () => {
    await fc.assert(
      fc.asyncProperty(randomScripts, async (script: Script) => {
        const played = await playOnce(script);
        const wants = [...new Set(played.models.flatMap((model) => [...wantsOf(model)]))];
        const queries = wants.map((want) => {
          const [, repository = '', , tag, digest = ''] = /^(.*?\/[^: ]*)(:(\S+))? (\S+)$/.exec(want) ?? [];
          return { repository, tag, digest: digest as Digest };
        });
        const repository = await repositoryOf({ manifests: played.path }, gitServices());
        const found = await entryCommits(repository, played.commits.at(-1) ?? '', queries);
        const spans = queries.map((query) =>
          (found.get(query) ?? []).map(({ addedBy, removedBy }) => [addedBy?.id, removedBy?.id]),
        );
        const commit = (index: number | undefined): string | undefined => played.commits[index ?? -1];
        expect(spans).toEqual(
          wants.map((want) => spansOf(played.models, want).map(([from, to]) => [commit(from), commit(to)])),
        );
      }),
      RUNS,
    );
  });
});
