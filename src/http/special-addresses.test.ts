import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressProblem, isPrivate, resolvedProblem } from './transport/addresses.ts';
import { kindOfAddress } from './special-addresses.ts';

const PROPERTIES = { seed: 525, numRuns: 300 };

type Bytes = readonly number[];

/** All groups written out: eight of them, from sixteen bytes. */
const ipv6 = (bytes: Bytes): string =>
  Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  ).join(':');

const zeros = (length: number): Bytes => Array<number>(length).fill(0);

/** How an IPv4 address is written as an IPv6 one, by the RFCs; `rest` fills what is free. */
const EMBEDDINGS: Readonly<Record<string, (v4: Bytes, rest: Bytes) => Bytes>> = {
  'IPv4-compatible': (v4) => [...zeros(12), ...v4],
  'IPv4-mapped': (v4) => [...zeros(10), 0xff, 0xff, ...v4],
  'IPv4-translated': (v4) => [...zeros(8), 0xff, 0xff, 0, 0, ...v4],
  NAT64: (v4) => [0, 0x64, 0xff, 0x9b, ...zeros(8), ...v4],
  '6to4': (v4, rest) => [0x20, 0x02, ...v4, ...rest.slice(0, 10)],
  'the server of Teredo': (v4) => [0x20, 0x01, 0, 0, ...v4, ...zeros(4), ...[8, 8, 8, 8].map((byte) => byte ^ 0xff)],
  'the client of Teredo': (v4, rest) => [
    0x20,
    0x01,
    0,
    0,
    8,
    8,
    8,
    8,
    ...rest.slice(0, 4),
    ...v4.map((byte) => byte ^ 0xff),
  ],
  ISATAP: (v4, rest) => [0x26, ...rest.slice(0, 7), 0x02, 0, 0x5e, 0xfe, ...v4],
};

/** RFC 8215 with prefixes of 48, 56, 64 and 96 bits: always ours, and a metadata address if one is within. */
const LOCAL: Readonly<Record<string, (v4: Bytes) => Bytes>> = {
  48: ([a = 0, b = 0, c = 0, d = 0]) => [0, 0x64, 0xff, 0x9b, 0, 1, a, b, 0, c, d, ...zeros(5)],
  56: ([a = 0, b = 0, c = 0, d = 0]) => [0, 0x64, 0xff, 0x9b, 0, 1, 7, a, 0, b, c, d, ...zeros(4)],
  64: ([a = 0, b = 0, c = 0, d = 0]) => [0, 0x64, 0xff, 0x9b, 0, 1, 7, 7, 0, a, b, c, d, ...zeros(3)],
  96: (v4) => [0, 0x64, 0xff, 0x9b, 0, 1, 7, 7, ...zeros(4), ...v4],
};

const byte = fc.integer({ min: 0, max: 255 });
const anyRest = fc.array(byte, { minLength: 16, maxLength: 16 });
const v4 = (...first: Bytes): fc.Arbitrary<Bytes> =>
  fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => [...first, ...bytes.slice(first.length)]);

const METADATA = fc.oneof(v4(169, 254), v4(100, 100, 100, 200), v4(168, 63, 129, 16), v4(192, 0, 0, 192));
const NOWHERE = fc.oneof(
  v4(255, 255, 255, 255),
  fc.integer({ min: 224, max: 239 }).chain((first) => v4(first)),
);
const INSIDE = fc.oneof(
  ...[10, 127, 0].map((first) => v4(first)),
  v4(192, 168),
  v4(198, 18),
  v4(198, 19),
  fc.integer({ min: 16, max: 31 }).chain((second) => v4(172, second)),
  fc.integer({ min: 101, max: 127 }).chain((second) => v4(100, second)),
  fc.integer({ min: 240, max: 254 }).chain((first) => v4(first)),
);
const PUBLIC = fc
  .tuple(fc.constantFrom(1, 8, 34, 52, 93, 142, 151, 203, 223), byte, byte, byte)
  .map((bytes): Bytes => bytes);

const asked = (host: string, from?: string): string | undefined =>
  addressProblem(
    new URL(`https://${host.includes(':') ? `[${host}]` : host}/`),
    from === undefined ? undefined : new URL(from),
  );

describe('src/http/special-addresses.ts', () => {
  const forms: readonly (readonly [string, ((v4: Bytes, rest: Bytes) => Bytes) | undefined])[] = [
    ['an IPv4 address', undefined],
    ...Object.entries(EMBEDDINGS),
  ];

  it.each(forms)('classifies %s by the embedded address', (_name, embed) => {
    const written = (bytes: Bytes, rest: Bytes): string =>
      embed === undefined ? bytes.join('.') : ipv6(embed(bytes, rest));
    const check = (some: fc.Arbitrary<Bytes>, judge: (host: string) => void): void =>
      fc.assert(
        fc.property(some, anyRest, (bytes, rest) => judge(written(bytes, rest))),
        PROPERTIES,
      );
    for (const never of [METADATA, NOWHERE])
      check(never, (host) => {
        expect(asked(host)).toBeDefined();
        expect(resolvedProblem(host)).toBeDefined();
      });
    check(INSIDE, (host) => {
      expect(asked(host, 'https://registry.example')).toContain('private');
      expect(resolvedProblem(host, 'outside')).toContain('private');
      expect([asked(host), asked(host, 'https://10.0.0.1'), resolvedProblem(host)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });
    check(PUBLIC, (host) => {
      expect([asked(host, 'https://registry.example'), resolvedProblem(host, 'outside')]).toEqual([
        undefined,
        undefined,
      ]);
    });
  });

  it.each(Object.entries(LOCAL))(
    'treats local-use NAT64 of /%s as private, and recognizes metadata addresses in it',
    (_length, embed) => {
      fc.assert(
        fc.property(METADATA, PUBLIC, (metadata, open) => {
          expect(kindOfAddress(ipv6(embed(metadata)))).toBe('metadata');
          expect(kindOfAddress(ipv6(embed(open)))).toBe('private');
        }),
        PROPERTIES,
      );
    },
  );

  it.each([
    ['64:ff9b:1::1', 'private'],
    ['64:ff9b::7f00:1', 'private'],
    ['2002:7f00:1::', 'private'],
    ['2001:0:7f00:1::', 'nowhere'],
    ['2001:0:808:808:0:0:80ff:fffe', 'private'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['ff02::1', 'nowhere'],
    ['100::1', 'nowhere'],
    ['2001:2::1', 'private'],
    ['5f00::1', 'private'],
    ['fd20:ce::254', 'metadata'],
    ['fe80::1%eth0', 'metadata'],
    ['2001:db8::1', undefined],
    ['2001:4860:4860::8888', undefined],
    ['2a00:1450::1', undefined],
    ['registry.example', undefined],
    ['', undefined],
  ])('classifies %s as %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });

  it.each([
    'metadata.azure.internal',
    'metadata.tencentyun.com',
    'rancher-metadata',
    'metadata.google.internal',
    'Metadata.Google.Internal.',
    'instance-data',
  ])('rejects the metadata service %s by its name', (name) => {
    expect(addressProblem(new URL(`http://${name}/latest`))).toContain('metadata');
  });

  it('classifies a name and the address that it resolves to alike', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const host = new URL(`http://${address.includes(':') ? `[${address}]` : address}/`).hostname.replace(
          /^\[|\]$/g,
          '',
        );
        expect(isPrivate(host)).toBe(isPrivate(address));
        expect(asked(host) === undefined).toBe(resolvedProblem(address) === undefined);
      }),
      { ...PROPERTIES, numRuns: 2000 },
    );
  });
});
