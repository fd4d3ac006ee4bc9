import { BlockList, isIP } from 'node:net';
import type { MetadataUser } from './fetch.ts';

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
  if (isForbidden(target.hostname, metadata)) return 'is a link-local or metadata address';
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
  if (isForbidden(address, metadata)) return `${address}, a link-local or metadata address`;
  if (reach === 'outside' && isPrivate(address)) return `${address}, a private address, while the registry is public`;
  return undefined;
}

/** True for link-local addresses and those under which clouds serve credentials, except the asking source's own. */
function isForbidden(hostname: string, metadata?: MetadataUser): boolean {
  const host = bare(hostname);
  if (metadata !== undefined && OWN_METADATA[metadata].has(host)) return false;
  return METADATA_NAMES.has(host) || contains(FORBIDDEN, host);
}

/** True for `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || contains(LOOPBACK, host);
}

/** True for loopback and for the private ranges of RFC 1918, RFC 6598 and RFC 4193. */
export function isPrivate(hostname: string): boolean {
  return isLoopback(hostname) || contains(PRIVATE, bare(hostname));
}

// The names under which clouds serve credentials to whoever asks from inside.
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

// https://cloud.google.com/compute/docs/metadata/querying-metadata; for AWS the instance, ECS tasks and EKS pods:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
const OWN_METADATA: Readonly<Record<MetadataUser, ReadonlySet<string>>> = {
  google: new Set(['169.254.169.254', 'metadata.google.internal']),
  ecr: new Set(['169.254.169.254', 'fd00:ec2::254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23']),
};

const FORBIDDEN = ranges(
  ['169.254.0.0', 16],
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  // The metadata services of Alibaba and Oracle, and the wire server of Azure, are not link-local.
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
  ['168.63.129.16', 32],
  // 169.254.0.0/16 within IPv6: compatible, translated, NAT64 (RFC 6052) and 6to4 (RFC 3056).
  ['::a9fe:0', 112],
  ['::ffff:0:a9fe:0', 112],
  ['64:ff9b::a9fe:0', 112],
  ['2002:a9fe::', 32],
);
const LOOPBACK = ranges(['127.0.0.0', 8], ['::1', 128]);
const PRIVATE = ranges(
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['0.0.0.0', 8],
  ['fc00::', 7],
  ['::', 128],
);

function ranges(...nets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4');
  return list;
}

/** A BlockList matches IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`), too. */
function contains(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** The host name in lower case, without the brackets of IPv6 and without the root's dot. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
