import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { Meter } from '../../registry/roles.ts';

/** The requests and bytes of each registry during a run. */
export type Traffic = {
  /** The meter of the repository's registry. */
  of(repository: RepositoryName): Meter;
  /** Adds counts of another meter. */
  add(repository: RepositoryName, counted: Meter): void;
  readonly hosts: ReadonlyMap<string, Meter>;
};

/** Starts counting at 0. */
export function countTraffic(): Traffic {
  const hosts = new Map<string, Meter>();
  const of = (repository: RepositoryName): Meter => {
    const host = hostOf(repository);
    const meter = hosts.get(host) ?? { requests: 0, bytes: 0 };
    hosts.set(host, meter);
    return meter;
  };
  return {
    hosts,
    of,
    add: (repository, counted) => {
      const meter = of(repository);
      meter.requests += counted.requests;
      meter.bytes += counted.bytes;
    },
  };
}
