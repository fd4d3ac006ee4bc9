import type { Digest } from '../../image/digest.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { Project } from '../manifest.ts';
import { policyChanges, type PolicyChange } from './policy-changes.ts';

/**
 * The change of one image. `added`: nothing was promoted from its source repository by that digest; `retagged`: it gets
 * further tags; `backfilled`: it goes to further mirrors; `resourced`: it is now promoted from another source.
 */
export type ImageChange = {
  readonly kind: 'added' | 'retagged' | 'backfilled' | 'resourced';
  readonly project: string;
  readonly source: RepositoryName;
  readonly name: string;
  readonly digest: Digest;
  /** The changed tags, sorted; empty for a digest without tags. */
  readonly tags: readonly string[];
  /** The registries with changes, in the order of the manifest. */
  readonly destinations: readonly string[];
};

/** The difference between the wanted images of two trees, independent of how they are written and in which project. */
export type TreeDiff = {
  readonly changes: readonly ImageChange[];
  /** Images that only the old tree wants; they stay in production. */
  readonly removed: readonly ImageChange[];
  /** Changes of sources, registries and policies. */
  readonly policyChanges: readonly PolicyChange[];
};

/** Returns the difference between two trees. */
export function diffTrees(base: readonly Project[], head: readonly Project[]): TreeDiff {
  const [one, other] = [divided(base, head), divided(head, base)];
  const [before, after] = [wantsOf(one.changed), wantsOf(other.changed)];
  const isSameSource = (a: Want, b: Want): boolean => a.source === b.source;
  return {
    changes: beyond([...before, ...wantsOf(one.rest, digestsOf(after))], after, isSameSource),
    // an image that another source provides now is still managed
    removed: beyond([...after, ...wantsOf(other.rest, digestsOf(before))], before, () => true),
    policyChanges: policyChanges(base, head),
  };
}

/**
 * Returns the projects of a tree that are not in the other tree. A project that was parsed once for both trees is in
 * both.
 */
export function changedProjects(projects: readonly Project[], other: readonly Project[]): readonly Project[] {
  return divided(projects, other).changed;
}

function divided(
  projects: readonly Project[],
  other: readonly Project[],
): { readonly changed: readonly Project[]; readonly rest: readonly Project[] } {
  const there = new Map(other.map((project) => [project.images, project]));
  const isSame = ({ images, source, destinations }: Project): boolean => {
    const same = there.get(images);
    return same?.source === source && same.destinations === destinations;
  };
  return { changed: projects.filter((project) => !isSame(project)), rest: projects.filter(isSame) };
}

function digestsOf(wants: readonly Want[]): ReadonlySet<Digest> {
  return new Set(wants.map(({ digest }) => digest));
}

/** One digest of one image name of one project. */
type Want = {
  readonly project: string;
  readonly source: RepositoryName;
  readonly name: string;
  readonly digest: Digest;
  readonly tags: Set<string>;
  readonly mirrors: ReadonlySet<string>;
  /** Equal for two wants with the same mirrors. */
  readonly mirrorsKey: string;
};

/** Returns all wants, or only those of these digests. */
function wantsOf(projects: readonly Project[], only?: ReadonlySet<Digest>): Want[] {
  return projects.flatMap((project) => {
    const mirrors = new Set(project.destinations.map(({ name }) => name));
    const mirrorsKey = [...mirrors].toSorted().join(' ');
    const wants = new Map<string, Want>();
    for (const { name, digests } of project.images) {
      const source = joinRepository(project.source, name);
      for (const { digest, tags } of digests) {
        if (only?.has(digest) === false) continue;
        const known = wants.get(`${name}@${digest}`);
        const want = known ?? { project: project.name, source, name, digest, tags: new Set(), mirrors, mirrorsKey };
        for (const tag of tags) want.tags.add(tag);
        if (known === undefined) wants.set(`${name}@${digest}`, want);
      }
    }
    return [...wants.values()];
  });
}

/** Returns what `wants` contains in addition to `known`. */
function beyond(
  known: readonly Want[],
  wants: readonly Want[],
  isSame: (one: Want, other: Want) => boolean,
): ImageChange[] {
  const byDigest = new Map<Digest, Want[]>();
  for (const want of known) {
    const there = byDigest.get(want.digest);
    if (there === undefined) byDigest.set(want.digest, [want]);
    else there.push(want);
  }
  return wants.flatMap((want) => {
    const others = byDigest.get(want.digest) ?? [];
    return differences(
      want,
      others.filter((other) => isSame(want, other)),
      others,
    );
  });
}

function differences(want: Want, same: readonly Want[], others: readonly Want[]): ImageChange[] {
  if (same.some((other) => holdsAll(other, want))) return [];
  const changes = new Map<string, ImageChange & { readonly destinations: string[] }>();
  for (const registry of want.mirrors) {
    const repository = joinRepository(registry, want.name);
    const there = same.filter((other) => goesTo(other, repository));
    const kind =
      there.length > 0
        ? 'retagged'
        : others.some((other) => goesTo(other, repository))
          ? 'resourced'
          : others.some(({ source }) => source === want.source)
            ? 'backfilled'
            : 'added';
    const tags = [...want.tags].filter((tag) => !there.some((other) => other.tags.has(tag))).toSorted();
    if (kind === 'retagged' && tags.length === 0) continue;
    const key = `${kind} ${tags.join(' ')}`;
    const { project, source, name, digest } = want;
    const change = changes.get(key) ?? { kind, project, source, name, digest, tags, destinations: [] };
    change.destinations.push(registry);
    changes.set(key, change);
  }
  return [...changes.values()];
}

/** Most wants of two trees are identical: those are not compared mirror by mirror. */
function holdsAll(other: Want, want: Want): boolean {
  return (
    other.name === want.name &&
    other.mirrorsKey === want.mirrorsKey &&
    [...want.tags].every((tag) => other.tags.has(tag))
  );
}

function goesTo({ name, mirrors }: Want, repository: RepositoryName): boolean {
  return repository.endsWith(`/${name}`) && mirrors.has(repository.slice(0, -name.length - 1));
}
