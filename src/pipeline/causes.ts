import { hostOf } from '../image/reference.ts';
import { addAll } from '../lists.ts';

/** What a failure must have to be grouped: that of a run, or of a report. */
export type Groupable = {
  readonly code: string;
  readonly message: string;
  readonly image?: string | undefined;
  /** The references, or repositories, that it concerns. */
  readonly refs?: readonly string[] | undefined;
};

/** Failures that one thing made, in their order; the first speaks for all. `hosts` are those that they name. */
export type Cause<F> = {
  readonly first: F;
  readonly failures: readonly F[];
  readonly hosts: readonly string[];
};

/** Codes that tell of a registry, a service or the run. Any other one that names an image is a cause of its own. */
const SHARED: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'DENIED',
  'RATE_LIMITED',
  'PAUSED_TOO_LONG',
  'REGISTRY_ERROR',
  'REGISTRY_PROTOCOL',
  'NETWORK',
  'TIMEOUT',
  'STALLED',
  'TOO_SLOW',
  'REFUSED_ADDRESS',
  'IDENTITY',
  'SIGNING_SERVICE',
  'SIGNATURE_MISMATCH',
  'TRUST_ROOT',
  'SCANNER',
  'ABORTED',
]);

type Group<F> = { readonly failures: F[]; readonly hosts: string[] };

/**
 * Groups failures that have one cause: the same code on the same host, and hosts that all say the same. It only groups
 * what is shown; each failure is kept.
 */
export function causesOf<F extends Groupable>(failures: readonly F[]): readonly Cause<F>[] {
  const byHost = new Map<unknown, Group<F>>();
  for (const failure of failures) {
    const hosts = hostsOf(failure);
    const isShared = SHARED.has(failure.code) || (failure.image === undefined && hosts.length > 0);
    const group = groupOf(byHost, isShared ? `${failure.code} ${hosts.join(' ')}` : {});
    group.failures.push(failure);
    if (group.hosts.length === 0) addAll(group.hosts, hosts);
  }
  const byWords = new Map<unknown, Group<F>>();
  for (const [key, { failures: found, hosts }] of byHost) {
    const [first] = found;
    if (first === undefined) continue;
    const group = groupOf(byWords, typeof key === 'string' ? `${first.code} ${withoutPlaces(first, hosts)}` : key);
    addAll(group.failures, found);
    addAll(
      group.hosts,
      hosts.filter((host) => !group.hosts.includes(host)),
    );
  }
  return [...byWords.values()].flatMap(({ failures: found, hosts }) =>
    found[0] === undefined ? [] : [{ first: found[0], failures: found, hosts }],
  );
}

function groupOf<F>(groups: Map<unknown, Group<F>>, key: unknown): Group<F> {
  const group = groups.get(key) ?? { failures: [], hosts: [] };
  groups.set(key, group);
  return group;
}

/** The host that the message has a URL of; those of the references where there is none, or only repositories are named. */
function hostsOf({ message, image, refs = [] }: Groupable): string[] {
  const ofRefs = [...new Set(refs.map(hostOf))];
  if (image === undefined && ofRefs.length > 0) return ofRefs;
  const named = /\bhttps?:\/\/([^/\s"]+)/.exec(message)?.[1];
  return named === undefined ? ofRefs : [named];
}

/** More of a message than this tells nothing new. */
const TELLING = 2_000;

/** The message as every host in the same trouble would have it: without hosts, digests, and words that are paths. */
function withoutPlaces({ message, refs = [] }: Groupable, hosts: readonly string[]): string {
  const names = [...refs.slice(0, 1), ...hosts].filter((name) => name !== '');
  return names
    .reduce((text, name) => text.replaceAll(name, ''), message.slice(0, TELLING))
    .replace(/ \(after \d+ attempts\)$/, '')
    .split(' ')
    .filter((word) => !word.includes('/') && !word.includes('sha256:'))
    .join(' ');
}
