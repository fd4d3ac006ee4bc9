import type { Digest } from '../../image/digest.ts';
import { joinRepository } from '../../image/reference.ts';
import type { DigestEntry, Project } from '../../manifest/manifest.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';
import type { Position } from '../../errors.ts';
import { policiesBy, type PoliciesFor } from './policies.ts';
import type { ImageSet, WantedImage } from './desired.ts';

/**
 * Returns the images that the projects of a tree want. Merges entries of the same image of a project, and tags of the
 * same digest.
 */
export function wantedBy(projects: readonly Project[], asked: PoliciesFor = policiesBy({ projects })): ImageSet[] {
  return projects.flatMap((project) => setsOf(project, asked));
}

function setsOf(project: Project, asked: PoliciesFor): ImageSet[] {
  const destinations = project.destinations.map(({ name }) => name);
  const names = new Map<string, Map<Digest, DigestEntry[]>>();
  for (const { name, digests } of project.images) {
    const entries = names.get(name) ?? new Map<Digest, DigestEntry[]>();
    names.set(name, entries);
    for (const entry of digests) {
      const there = entries.get(entry.digest);
      if (there === undefined) entries.set(entry.digest, [entry]);
      else there.push(entry);
    }
  }
  const promoted = [...names].filter(([, entries]) => entries.size > 0);
  return promoted.map(([name, entries]) => {
    const source = joinRepository(project.source, name);
    const policies = asked(project, source);
    const images = [...entries].map(([digest, found]) => wantedImage({ name, source, digest, policies }, found));
    return { project: project.name, source, destinations, listed: project.destinations, name, images };
  });
}

function wantedImage(
  { name, source, digest, policies }: Pick<WantedImage, 'name' | 'source' | 'digest'> & { policies: ProjectPolicies },
  entries: readonly DigestEntry[],
): WantedImage {
  const [first] = entries;
  if (first === undefined) throw new Error(`${name}@${digest} has no entry`);
  return { name, source, digest, ...sortedTags(first, entries), at: first.position, policies };
}

type Tags = Pick<WantedImage, 'tags' | 'tagPositions'>;

/** Returns the tags of all entries, sorted and unique. Most digests have one tag at most, and share the lists of their entry. */
function sortedTags(first: DigestEntry, entries: readonly DigestEntry[]): Tags {
  if (entries.length === 1 && first.tags.length <= 1) return { tags: first.tags, tagPositions: first.tagPositions };
  const places = new Map<string, Position>();
  for (const { tags, tagPositions, position } of entries)
    for (const [index, tag] of tags.entries()) if (!places.has(tag)) places.set(tag, tagPositions[index] ?? position);
  const tags = [...places.keys()].toSorted();
  return { tags, tagPositions: tags.map((tag) => places.get(tag) ?? first.position) };
}
