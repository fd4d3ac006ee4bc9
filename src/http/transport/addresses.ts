import type { MetadataUser } from '../fetch.ts';
import { kindOfAddress } from '../special-addresses.ts';

/** What is known about addresses besides their names. */
export type AddressContext = {
  /** True for hosts inside our own network. Default: judged by the host's name. */
  readonly inside?: (hostname: string) => boolean;
  /** The credential source that sends the request; it may access its own metadata address. */
  readonly metadata?: MetadataUser | undefined;
};

/**
 * Returns why a request to `target` must not be sent, as a predicate such as «is a private address»; undefined if it
 * may be sent. `from` is the address of the server that named it, if one did.
 */
export function addressProblem(
  target: URL,
  from?: URL,
  { inside = isPrivate, metadata }: AddressContext = {},
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

/** Returns the hint for an address that must not be requested. */
export function addressAdvice(target: URL, from?: URL): string {
  if (from?.protocol === 'https:' && target.protocol === 'http:')
    return `configure ${from.host} to return HTTPS addresses: the proxy in front of it must pass X-Forwarded-Proto, and its storage must support HTTPS`;
  if (from === undefined) return 'check the name of the registry: such an address is never requested';
  return `a registry must not redirect there; check the configuration of ${from.host}`;
}

/**
 * Returns an address that a server named. If it is the server's own address with plain HTTP instead of HTTPS, returns
 * it with HTTPS: behind a proxy that does not pass X-Forwarded-Proto, a registry takes its own scheme for HTTP.
 */
export function withKeptScheme(target: URL, from: URL): URL {
  if (from.protocol !== 'https:' || target.protocol !== 'http:' || target.hostname !== from.hostname) return target;
  if ((target.port || '443') !== (from.port || '443')) return target;
  // A new URL rather than a changed one: an explicit port over HTTP may be the default over HTTPS.
  return new URL(`https:${target.href.slice('http:'.length)}`);
}

/**
 * Returns why a connection must not be made to an address that a name resolves to; undefined if it may. With the reach
 * `outside`, private addresses are forbidden.
 */
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

/** Addresses that are never requested, as errors name them. */
const FORBIDDEN = {
  metadata: 'a link-local or metadata address',
  nowhere: 'a multicast or broadcast address',
} as const;

/** Returns the kind of a host that is never requested; a credential source's own metadata host is exempt. */
function forbiddenKind(hostname: string, metadata?: MetadataUser): keyof typeof FORBIDDEN | undefined {
  const host = bare(hostname);
  if (metadata !== undefined && OWN_METADATA[metadata].has(host)) return undefined;
  const kind = METADATA_NAMES.has(host) ? 'metadata' : kindOfAddress(host);
  return kind === 'metadata' || kind === 'nowhere' ? kind : undefined;
}

/** Returns true for `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || kindOfAddress(host) === 'loopback';
}

/** Returns true for loopback, private ranges, and all other addresses that lead into our own network. */
export function isPrivate(hostname: string): boolean {
  return isLoopback(hostname) || kindOfAddress(bare(hostname)) !== undefined;
}

// Names under which clouds serve credentials to hosts inside their network.
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

/** Returns the host name in lower case, without the brackets of IPv6 and the root's dot. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
