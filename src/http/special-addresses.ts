import { BlockList, isIP } from 'node:net';

/**
 * Kind of an address that is not public. `metadata`: link-local, or where clouds serve credentials; `nowhere`: does not
 * belong to a single host; `loopback` and `private`: on this machine or in our network.
 */
type AddressKind = 'metadata' | 'nowhere' | 'loopback' | 'private';

/**
 * The blocks of IANA's special-purpose registries that lead into our network or to many hosts at once
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry, and multicast), and the
 * metadata services at other addresses. Blocks for documentation lead to no host, and are as harmless as public ones.
 */
const BLOCKS: readonly (readonly [net: string, prefix: number, kind: AddressKind, what: string])[] = [
  ['169.254.0.0', 16, 'metadata', 'link-local (RFC 3927)'],
  ['fe80::', 10, 'metadata', 'link-local (RFC 4291)'],
  ['fd00:ec2::', 32, 'metadata', 'AWS'],
  ['fd20:ce::', 32, 'metadata', 'Google Cloud'],
  ['fd00:42::42', 128, 'metadata', 'Scaleway'],
  ['100.100.100.200', 32, 'metadata', 'Alibaba Cloud'],
  ['192.0.0.192', 32, 'metadata', 'Oracle Cloud'],
  ['168.63.129.16', 32, 'metadata', 'the wire server of Azure'],
  ['224.0.0.0', 4, 'nowhere', 'multicast (RFC 1112)'],
  ['ff00::', 8, 'nowhere', 'multicast (RFC 4291)'],
  ['255.255.255.255', 32, 'nowhere', 'limited broadcast (RFC 919)'],
  ['100::', 64, 'nowhere', 'discard-only (RFC 6666)'],
  ['100:0:0:1::', 64, 'nowhere', 'dummy prefix (RFC 9780)'],
  ['127.0.0.0', 8, 'loopback', 'loopback (RFC 1122)'],
  ['::1', 128, 'loopback', 'loopback (RFC 4291)'],
  ['0.0.0.0', 8, 'private', 'this network (RFC 791)'],
  ['::', 128, 'private', 'unspecified (RFC 4291)'],
  ['10.0.0.0', 8, 'private', 'private use (RFC 1918)'],
  ['172.16.0.0', 12, 'private', 'private use (RFC 1918)'],
  ['192.168.0.0', 16, 'private', 'private use (RFC 1918)'],
  ['100.64.0.0', 10, 'private', 'shared address space (RFC 6598)'],
  ['192.0.0.0', 24, 'private', 'protocol assignments (RFC 6890)'],
  ['192.88.99.0', 24, 'private', '6to4 relay anycast (RFC 7526)'],
  ['198.18.0.0', 15, 'private', 'benchmarking (RFC 2544)'],
  ['240.0.0.0', 4, 'private', 'reserved (RFC 1112)'],
  ['64:ff9b:1::', 48, 'private', 'local-use translation (RFC 8215)'],
  ['2001:2::', 48, 'private', 'benchmarking (RFC 5180)'],
  ['2001:10::', 28, 'private', 'ORCHID (RFC 4843)'],
  ['5f00::', 16, 'private', 'segment routing (RFC 9602)'],
  ['fc00::', 7, 'private', 'unique local (RFC 4193)'],
];

/** Order in which the kinds are tried: one address of AWS is unique local as well. */
const ORDER: readonly AddressKind[] = ['metadata', 'nowhere', 'loopback', 'private'];

const LISTS = ORDER.map((kind) => {
  const list = new BlockList();
  for (const [net, prefix, of] of BLOCKS)
    if (of === kind) list.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4');
  return [kind, list] as const;
});

/**
 * Returns the kind of an address; undefined for a public address or for text that is not an address. An IPv6 address
 * that embeds an IPv4 address has that address's kind, but is never loopback: another machine translates it.
 */
export function kindOfAddress(address: string): AddressKind | undefined {
  const known = KNOWN.get(address);
  if (known !== undefined) return known === 'public' ? undefined : known;
  const kind = findKind(address);
  if (KNOWN.size === MOST_KNOWN) KNOWN.clear();
  KNOWN.set(address, kind ?? 'public');
  return kind;
}

/** Each request asks several times about its host, and a run knows few hosts: searching all blocks takes longer. */
const KNOWN = new Map<string, AddressKind | 'public'>();

/** Servers can name any number of hosts; these take 100 KiB. */
const MOST_KNOWN = 1000;

function findKind(address: string): AddressKind | undefined {
  const [host = ''] = address.split('%');
  const version = isIP(host);
  if (version === 0) return undefined;
  const own = kindIn(host, version === 6 ? 'ipv6' : 'ipv4');
  if (version === 4 || own === 'metadata' || own === 'loopback') return own;
  const kinds = new Set(embeddedIn(groupsOf(host)).map((one) => kindIn(one, 'ipv4')));
  const inner = ORDER.find((kind) => kinds.has(kind));
  if (inner === 'metadata' || own !== undefined) return inner === 'metadata' ? inner : own;
  return inner === 'loopback' ? 'private' : inner;
}

/** A BlockList also matches IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`). */
function kindIn(host: string, family: 'ipv4' | 'ipv6'): AddressKind | undefined {
  return LISTS.find(([, list]) => list.check(host, family))?.[0];
}

/** Returns the eight groups of an IPv6 address; `URL` writes an embedded IPv4 address in groups. */
function groupsOf(host: string): readonly number[] {
  const [head = '', tail] = new URL(`http://[${host}]/`).hostname.slice(1, -1).split('::');
  const parse = (part = ''): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [parse(head), parse(tail)];
  return tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** Prefixes in groups, each with the IPv4 addresses that it embeds. */
const EMBEDDING: readonly (readonly [
  prefix: readonly number[],
  embedded: (groups: readonly number[]) => readonly string[],
])[] = [
  // IPv4-compatible and IPv4-mapped (RFC 4291), IPv4-translated (RFC 2765)
  [[0, 0, 0, 0, 0, 0], lastOf],
  [[0, 0, 0, 0, 0, 0xffff], lastOf],
  [[0, 0, 0, 0, 0xffff, 0], lastOf],
  // NAT64 (RFC 6052)
  [[0x64, 0xff9b, 0, 0, 0, 0], lastOf],
  // Local prefixes (RFC 8215) have 48, 56, 64 or 96 bits: each places the address elsewhere, around a zero byte.
  [[0x64, 0xff9b, 1], (groups) => [...lastOf(groups), ...[6, 7, 8].map((from) => around(groups, from))]],
  // 6to4 (RFC 3056)
  [[0x2002], ([, high, low]) => [dotted(high, low)]],
  // Teredo (RFC 4380): the server, and the client with all bits inverted
  [[0x2001, 0], ([, , a, b, , , c = 0, d = 0]) => [dotted(a, b), dotted(c ^ 0xffff, d ^ 0xffff)]],
];

function embeddedIn(groups: readonly number[]): readonly string[] {
  const found = EMBEDDING.flatMap(([prefix, embedded]) =>
    prefix.every((group, index) => groups[index] === group) ? embedded(groups) : [],
  );
  // ISATAP (RFC 5214) follows any prefix.
  const isIsatap = groups[5] === 0x5efe && (groups[4] === 0 || groups[4] === 0x200);
  return isIsatap ? [...found, ...lastOf(groups)] : found;
}

function lastOf(groups: readonly number[]): readonly string[] {
  return [dotted(groups[6], groups[7])];
}

/** Returns four bytes from an offset on, without the ninth byte of the address, which is zero (RFC 6052 §2.2). */
function around(groups: readonly number[], from: number): string {
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff]);
  return [...bytes.slice(0, 8), ...bytes.slice(9)].slice(from, from + 4).join('.');
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
