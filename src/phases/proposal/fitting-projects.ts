import { pathBelow, type RepositoryName } from '../../image/reference.ts';
import type { Project } from '../../manifest/manifest.ts';

/** Prefix of the folders and staging projects of Kubernetes, which upstream's `--project` leaves out. */
const STAGING_PREFIX = 'k8s-staging-';

/** Returns the names by which a project may be asked for: of its folder, with and without the prefix. */
export function namesOf(folder: string): readonly string[] {
  return folder.startsWith(STAGING_PREFIX) ? [folder, folder.slice(STAGING_PREFIX.length)] : [folder];
}

/** Returns projects of that folder name, else those that upstream means by it. */
export function named(projects: readonly Project[], name: string): readonly Project[] {
  const exact = projects.filter((project) => project.name === name);
  if (exact.length > 0) return exact;
  const names = [name, `${STAGING_PREFIX}${name}`];
  return projects.filter(
    ({ name: folder, source }) => names.includes(folder) || names.includes(source.split('/').at(-1) ?? ''),
  );
}

/** Returns projects with this source, else those whose source is the nearest one above. */
export function bySource(projects: readonly Project[], repository: RepositoryName): readonly Project[] {
  const around = projects.filter(({ source }) => pathBelow(source, repository) !== undefined);
  const longest = around.reduce((most, { source }) => Math.max(most, source.length), 0);
  return around.filter(({ source }) => source.length === longest);
}
