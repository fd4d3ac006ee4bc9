import { hostOf } from '../image/reference.ts';
import { addAll } from '../lists.ts';

/** The parts of a failure by which it is grouped. */
export type Groupable = {
  readonly code: string;
  readonly message: string;
  readonly image?: string | undefined;
  /** The references, or repositories, that it concerns. */
  readonly refs?: readonly string[] | undefined;
};

/** Failures with one cause, in order; the first represents all. `hosts`: the hosts that they name. */
export type Cause<F> = {
  readonly first: F;
  readonly failures: readonly F[];
  readonly hosts: readonly string[];
};

/** Codes of registries, services or the run. Any other failure that names an image is a cause of its own. */
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
 * Groups failures with one cause: the same code on the same host, and hosts with the same message. It only groups
 * failures for display; each is kept.
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

/** Returns the host of a URL in the message; those of the references if there is none, or if only repositories are named. */
function hostsOf({ message, image, refs = [] }: Groupable): string[] {
  const ofRefs = [...new Set(refs.map(hostOf))];
  if (image === undefined && ofRefs.length > 0) return ofRefs;
  const named = /\bhttps?:\/\/([^/\s"]+)/.exec(message)?.[1];
  return named === undefined ? ofRefs : [named];
}

/** The compared part of a message, in characters. */
const COMPARED = 2_000;

/** Returns the message without hosts, digests and paths, which differ between hosts with the same problem. */
function withoutPlaces({ message, refs = [] }: Groupable, hosts: readonly string[]): string {
  const names = [...refs.slice(0, 1), ...hosts].filter((name) => name !== '');
  return names
    .reduce((text, name) => text.replaceAll(name, ''), message.slice(0, COMPARED))
    .replace(/ \(after \d+ attempts\)$/, '')
    .split(' ')
    .filter((word) => !word.includes('/') && !word.includes('sha256:'))
    .join(' ');
}
