import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its private key, both in PEM. */
export type Certificate = { readonly cert: string; readonly key: string };

/** Somebody who signs certificates: its own one, and those that it gives to servers and clients. */
export type Authority = Certificate & {
  /** A certificate for these host names and IPv4 addresses; as a client's it needs no hosts. */
  issue(name: string, hosts?: readonly string[]): Certificate;
};

// Node can sign and read certificates but not make them, so the few fields are written here (RFC 5280 §4.1, X.690).
const TAG = {
  integer: 2,
  bits: 3,
  octets: 4,
  utf8: 12,
  utcTime: 23,
  sequence: 0x30,
  set: 0x31,
  explicit: 0xa0,
} as const;
const OID = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  basicConstraints: '0603551d13',
  subjectAltName: '0603551d11',
} as const;

/** A new authority of that name, that no one trusts yet. */
export function authority(name: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const make = (subject: string, key: KeyObject, hosts: readonly string[] | 'authority'): string =>
    certificate({ issuer: name, subject, key, signer: keys.privateKey, hosts });
  return {
    cert: make(name, keys.publicKey, 'authority'),
    key: pem(keys.privateKey),
    issue: (subject, hosts = []) => {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return { cert: make(subject, own.publicKey, hosts), key: pem(own.privateKey) };
    },
  };
}

type Fields = {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly hosts: readonly string[] | 'authority';
};

function certificate({ issuer, subject, key, signer, hosts }: Fields): string {
  const algorithm = der(TAG.sequence, hex(OID.ecdsaWithSha256));
  const body = der(
    TAG.sequence,
    der(TAG.explicit, der(TAG.integer, Buffer.of(2))),
    der(TAG.integer, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer),
    // The last two digits of the year: UTCTime ends with 2049.
    der(TAG.sequence, der(TAG.utcTime, Buffer.from('200101000000Z')), der(TAG.utcTime, Buffer.from('491231235959Z'))),
    distinguishedName(subject),
    key.export({ type: 'spki', format: 'der' }),
    der(TAG.explicit + 3, der(TAG.sequence, ...extensions(hosts))),
  );
  const signature = sign('sha256', body, signer);
  const whole = der(TAG.sequence, body, algorithm, der(TAG.bits, Buffer.concat([Buffer.of(0), signature])));
  return `-----BEGIN CERTIFICATE-----\n${lines(whole.toString('base64'))}\n-----END CERTIFICATE-----\n`;
}

function extensions(hosts: Fields['hosts']): Buffer[] {
  if (hosts === 'authority') return [extension(OID.basicConstraints, der(TAG.sequence, Buffer.of(1, 1, 0xff)))];
  if (hosts.length === 0) return [extension(OID.basicConstraints, der(TAG.sequence))];
  const names = hosts.map((host) =>
    isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  return [extension(OID.subjectAltName, der(TAG.sequence, ...names))];
}

function extension(oid: string, value: Buffer): Buffer {
  return der(TAG.sequence, hex(oid), der(TAG.octets, value));
}

function distinguishedName(name: string): Buffer {
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, hex(OID.commonName), der(TAG.utf8, Buffer.from(name)))));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function lines(text: string): string {
  return (text.match(/.{1,64}/g) ?? []).join('\n');
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
