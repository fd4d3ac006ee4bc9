import type { MetadataUser } from '../fetch.ts';
import { kindOfAddress } from '../special-addresses.ts';

/** What is known of the addresses besides their names. */
export type Surroundings = {
  /** True for hosts inside our own network; by name unless given. */
  readonly inside?: (hostname: string) => boolean;
  /** The credential source that asks, and may ask its own metadata address. */
  readonly metadata?: MetadataUser | undefined;
};

/** Why a request to `target` must not be sent, as half a sentence; undefined when it may be. `from` is where the address came from, if a server gave it. */
export function addressProblem(
  target: URL,
  from?: URL,
  { inside = isPrivate, metadata }: Surroundings = {},
): string | undefined {
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    return `has the scheme "${target.protocol.slice(0, -1)}"`;
  const forbidden = forbiddenKind(target.hostname, metadata);
  if (forbidden !== undefined) return `is ${FORBIDDEN[forbidden]}`;
  if (from === undefined) return undefined;
  if (from.protocol === 'https:' && target.protocol === 'http:') return 'is plain HTTP while the registry is HTTPS';
  if (inside(target.hostname) && !inside(from.hostname)) return 'is a private address while the registry is public';
  return undefined;
}

/** What to do about an address that must not be asked. */
export function addressAdvice(target: URL, from?: URL): string {
  if (from?.protocol === 'https:' && target.protocol === 'http:')
    return `let ${from.host} give HTTPS addresses: the proxy before it must pass X-Forwarded-Proto, and its storage must speak HTTPS`;
  if (from === undefined) return 'check the name of the registry: such an address is never asked';
  return `check the configuration of ${from.host}: a registry must not point there`;
}

/**
 * The address that a server gave, over HTTPS if it is the server's own and only its scheme differs: behind a proxy that does
 * not pass X-Forwarded-Proto, a registry takes itself for one on plain HTTP.
 */
export function withKeptScheme(target: URL, from: URL): URL {
  if (from.protocol !== 'https:' || target.protocol !== 'http:' || target.hostname !== from.hostname) return target;
  if ((target.port || '443') !== (from.port || '443')) return target;
  // Built anew rather than changed: what is an explicit port over HTTP may be the default over HTTPS.
  return new URL(`https:${target.href.slice('http:'.length)}`);
}

/** Why a connection must not be made to an address that a name stands for; nothing inside is `outside`. */
export function resolvedProblem(
  address: string,
  reach: 'anywhere' | 'outside' | MetadataUser = 'anywhere',
): string | undefined {
  const metadata = reach === 'anywhere' || reach === 'outside' ? undefined : reach;
  const forbidden = forbiddenKind(address, metadata);
  if (forbidden !== undefined) return `${address}, ${FORBIDDEN[forbidden]}`;
  if (reach === 'outside' && isPrivate(address)) return `${address}, a private address, while the registry is public`;
  return undefined;
}

/** What is never asked, as errors name it. */
const FORBIDDEN = {
  metadata: 'a link-local or metadata address',
  nowhere: 'a multicast or broadcast address',
} as const;

/** The kind of a host that is never asked, except for the asking source's own metadata. */
function forbiddenKind(hostname: string, metadata?: MetadataUser): keyof typeof FORBIDDEN | undefined {
  const host = bare(hostname);
  if (metadata !== undefined && OWN_METADATA[metadata].has(host)) return undefined;
  const kind = METADATA_NAMES.has(host) ? 'metadata' : kindOfAddress(host);
  return kind === 'metadata' || kind === 'nowhere' ? kind : undefined;
}

/** True for `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || kindOfAddress(host) === 'loopback';
}

/** True for loopback, for private ranges, and for all that leads nowhere else than into our own network. */
export function isPrivate(hostname: string): boolean {
  return isLoopback(hostname) || kindOfAddress(bare(hostname)) !== undefined;
}

// The names under which clouds serve credentials to whoever asks from inside.
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.azure.com',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'api.metadata.cloud.ibm.com',
  'rancher-metadata',
  'rancher-metadata.rancher.internal',
]);

// https://cloud.google.com/compute/docs/metadata/querying-metadata; for AWS the instance, ECS tasks and EKS pods:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
const OWN_METADATA: Readonly<Record<MetadataUser, ReadonlySet<string>>> = {
  google: new Set(['169.254.169.254', 'metadata.google.internal']),
  ecr: new Set(['169.254.169.254', 'fd00:ec2::254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23']),
};

/** The host name in lower case, without the brackets of IPv6 and without the root's dot. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
