import { isDigest, type Digest } from '../../../src/image/digest.ts';
import { assemble, byImage } from '../../../src/plan/desired/assemble.ts';
import { compare, type Lack } from '../../../src/plan/compare.ts';
import { conflictFinder } from '../../../src/plan/conflicts.ts';
import { byDestination } from '../../../src/plan/desired/desired.ts';
import { findDisputes } from '../../../src/plan/disputes.ts';
import { wantedBy } from '../../../src/plan/desired/wanted.ts';
import {
  digestOfLabel,
  edgeOf,
  failureVerdicts,
  projectsOf,
  repositoriesOf,
  verdicts,
  type PlanCase,
  type Verdicts,
} from './plan-cases.ts';
import { loadedTree } from './tree.ts';

const HOST = 'registry.test';

/** What the pure planner makes of a plan, with its inventory given instead of read. */
export function purePlan(plan: PlanCase): Verdicts {
  const inventories = new Map(repositoriesOf(plan).map(([path, held]) => [`${HOST}/${path}`, inventoryOf(held)]));
  const { projects, problems } = loadedTree(projectsOf(plan, () => HOST));
  if (problems.length > 0) throw new Error(`the plan is no valid tree: ${JSON.stringify(problems)}`);
  const sets = wantedBy(projects);
  const conflictsOf = conflictFinder();
  const lacks: Lack[] = [];
  for (const [repository, wanting] of byDestination(sets)) {
    const inventory = inventories.get(repository) ?? inventoryOf({});
    const found = compare(repository, wanting, conflictsOf(wanting), inventory);
    for (const lack of found.lacks) lacks.push(lack);
  }
  const { due, failures } = assemble(byImage(lacks), ({ source, digest }) =>
    inventories.get(source)?.has(digest) === true ? 'there' : 'lost',
  );
  const promote = due.flatMap(({ wanted: image, targets }) =>
    targets.flatMap(({ repository, tags }) =>
      (tags.length === 0 ? [`${repository}@${image.digest}`] : tags.map((tag) => `${repository}:${tag}`)).map((ref) =>
        edgeOf(ref, image.digest),
      ),
    ),
  );
  return { ...failureVerdicts([...findDisputes(sets).failures, ...failures]), promote: verdicts({ promote }).promote };
}

function inventoryOf(held: Readonly<Record<string, readonly string[]>>): {
  has: (digest: Digest) => boolean;
  digestOf: (tag: string) => Digest | undefined;
  holdsManifests: boolean;
} {
  const digests = new Set(Object.keys(held).map(digestOfLabel));
  const tags = new Map(
    Object.entries(held).flatMap(([label, names]) => names.map((tag) => [tag, asDigest(label)] as const)),
  );
  return { has: (digest) => digests.has(digest), digestOf: (tag) => tags.get(tag), holdsManifests: digests.size > 0 };
}

function asDigest(label: string): Digest {
  const digest = digestOfLabel(label);
  if (!isDigest(digest)) throw new Error(`${label} has no digest`);
  return digest;
}
