import { BlockList, isIP } from 'node:net';

/** Why a request to `target` must not be sent, as half a sentence; undefined when it may be. `from` is where the address came from, if a server gave it. */
export function addressProblem(target: URL, from?: URL): string | undefined {
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    return `has the scheme "${target.protocol.slice(0, -1)}"`;
  const host = bare(target.hostname);
  if (isForbidden(host)) return 'is a link-local or metadata address';
  if (from === undefined) return undefined;
  if (from.protocol === 'https:' && target.protocol === 'http:') return 'is plain HTTP while the registry is HTTPS';
  if (isPrivate(host) && !isPrivate(bare(from.hostname))) return 'is a private address while the registry is public';
  return undefined;
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

function isForbidden(host: string): boolean {
  return METADATA_NAMES.has(host) || contains(FORBIDDEN, host);
}

// The names under which clouds serve credentials to whoever asks from inside.
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

const FORBIDDEN = ranges(['169.254.0.0', 16], ['fe80::', 10], ['fd00:ec2::254', 128]);
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
