import type { Failure } from '../errors.ts';
import type { Pattern } from '../image/pattern.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Phase } from '../pipeline/phase.ts';
import { groupsOf, type SignedGroup } from '../plan/replication.ts';
import type { RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import { lackFinder } from '../replicas/finder.ts';
import type { AttachedLack } from '../replicas/lack.ts';
import { pushTo, readByHost } from './read-by-host.ts';
import type { Loaded } from './setup.ts';
import { tellFailures } from './tell.ts';
import type { Traffic } from './traffic.ts';
import { unreadable } from './unreadable.ts';

export type PlanReplicationServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly traffic: Traffic;
  /** Covers the primary registry, where one is chosen. */
  readonly primary?: Pattern;
};

export type ReplicationPlan = {
  readonly phase: 'plan';
  readonly groups: readonly SignedGroup[];
  readonly lacks: readonly AttachedLack[];
  readonly failures: readonly Failure[];
};

/** Compares what is attached to images on their primary with what their mirrors have: what has to be copied. */
export const planReplication = (services: PlanReplicationServices): Phase<Loaded, ReplicationPlan> => ({
  name: 'plan',
  run: async (loaded, context) => {
    const groups = new Map(groupsOf(loaded.sets, services.primary).map((group) => [group.primary, group]));
    const say = (message: string): void => context.narrate({ type: 'log', level: 'info', message });
    const finder = lackFinder({ ...services, meterOf: services.traffic.of, signal: context.signal });

    say(`Reading ${groups.size} primary repositories`);
    const readPrimary = async (primary: RepositoryName): Promise<void> => {
      const group = groups.get(primary);
      if (group !== undefined) await finder.readPrimary(group);
    };
    const unread = await readByHost('source', [...groups.keys()], readPrimary, context);

    const mirrors = new Map<RepositoryName, SignedGroup[]>();
    for (const group of groups.values())
      if (finder.hasSomething(group)) for (const mirror of group.mirrors) pushTo(mirrors, mirror, group);
    say(`Reading ${mirrors.size} mirror repositories of images that have something attached`);
    const compare = (mirror: RepositoryName): Promise<void> => finder.compareMirror(mirror, mirrors.get(mirror) ?? []);
    const unreadMirrors = await readByHost('destination', [...mirrors.keys()], compare, context);

    const failures = unreadable(new Map([...unread, ...finder.unread, ...unreadMirrors]));
    tellFailures(failures, context);
    const lacks = finder.found();
    return { phase: 'plan', groups: [...groups.values()], lacks, failures: [...loaded.failures, ...failures] };
  },
});
