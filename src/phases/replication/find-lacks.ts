import type { Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { AttachedGroup } from '../../plan/replication.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import type { SourceReader } from '../../registry/source.ts';
import { lackFinder } from '../../mirroring/finder.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import { emitDefect } from '../caught.ts';
import { pushTo, readByHost } from '../reading/read-by-host.ts';
import type { Traffic } from '../reading/traffic.ts';
import { unreadable } from '../reading/unreadable.ts';

export type LackServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly traffic: Traffic;
};

/** Compares the attachments on primaries with those on mirrors. Lists each repository once. */
export async function findLacks(
  services: LackServices,
  groups: readonly AttachedGroup[],
  context: Context,
): Promise<{ readonly lacks: readonly AttachedLack[]; readonly failures: readonly Failure[] }> {
  const byPrimary = new Map(groups.map((group) => [group.primary, group]));
  const finder = lackFinder({ ...services, meterOf: services.traffic.of, signal: context.signal });

  context.emit({ type: 'primaries-listed', repositories: byPrimary.size });
  const readPrimary = async (primary: RepositoryName): Promise<void> => {
    const group = byPrimary.get(primary);
    if (group !== undefined) await finder.readPrimary(group);
  };
  const unread = await readByHost('source', [...byPrimary.keys()], readPrimary, context);

  const mirrors = new Map<RepositoryName, AttachedGroup[]>();
  for (const group of groups)
    if (finder.hasSomething(group)) for (const mirror of group.mirrors) pushTo(mirrors, mirror, group);
  context.emit({ type: 'mirrors-listed', repositories: mirrors.size });
  const compare = (mirror: RepositoryName): Promise<void> => finder.compareMirror(mirror, mirrors.get(mirror) ?? []);
  const unreadMirrors = await readByHost('destination', [...mirrors.keys()], compare, context);

  for (const error of finder.unread.values()) emitDefect(error, context);
  const failures = unreadable(new Map([...unread, ...finder.unread, ...unreadMirrors]));
  context.emit({ type: 'failures', failures });
  return { lacks: finder.found(), failures };
}
