import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { AttachedGroup } from '../../plan/replication.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import { NOT_THERE } from '../../attest/checking/check-digest.ts';
import type { CheckedImage } from './checked-images.ts';

/** The repositories of these images, to be compared: one group for each primary repository. */
export function groupsToRepair(images: readonly CheckedImage[]): readonly AttachedGroup[] {
  const groups = new Map<RepositoryName, { mirrors: Set<RepositoryName>; images: { digest: Digest }[] }>();
  for (const { check, subjects } of images) {
    if (check.mirrors.length === 0) continue;
    const group = groups.get(check.repository) ?? { mirrors: new Set(), images: [] };
    groups.set(check.repository, group);
    for (const mirror of check.mirrors) group.mirrors.add(mirror);
    for (const digest of subjects) group.images.push({ digest });
  }
  return [...groups].map(([primary, group]) => ({ ...group, primary, mirrors: [...group.mirrors] }));
}

/** Returns the lacks of these images on mirrors that hold them. */
export function lacksToRepair(images: readonly CheckedImage[], lacks: readonly AttachedLack[]): AttachedLack[] {
  const mirrors = new Map<string, ReadonlySet<RepositoryName>>();
  for (const { check, subjects, findings } of images) {
    const absent = findings.filter(({ why }) => why === NOT_THERE).flatMap(({ repositories }) => repositories);
    const there = new Set(check.mirrors.filter((mirror) => !absent.includes(mirror)));
    for (const subject of subjects) {
      const key = `${check.repository}@${subject}`;
      mirrors.set(key, new Set([...(mirrors.get(key) ?? []), ...there]));
    }
  }
  return lacks.flatMap((lack) => {
    const wanted = mirrors.get(`${lack.primary}@${lack.subject}`);
    const left = lack.mirrors.filter((repository) => wanted?.has(repository) === true);
    return left.length === 0 ? [] : [{ ...lack, mirrors: left }];
  });
}
