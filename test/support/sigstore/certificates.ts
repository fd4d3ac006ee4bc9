// @peculiar/x509 throws when this is not there before it.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** The two of a service's chain that sign nothing but certificates, or time stamps; DER. */
export type Chain = { readonly leaf: Issuer; readonly root: Issuer };
/** A certificate and its keys. */
export type Issuer = { readonly certificate: X509Certificate; readonly keys: webcrypto.CryptoKeyPair };

/** The curve of authorities: the public Sigstore's have P-384, whose signatures take a dozen times as long to verify. */
type Curve = 'P-256' | 'P-384';
type Request = {
  readonly name: string;
  readonly curve: Curve;
  readonly now: number;
  readonly issuer?: Issuer;
  readonly extensions: readonly Extension[];
};

const HOUR = 3_600_000;
/** Longer than any test lets its clock run; milliseconds. */
const LIFETIME = 10 * 365 * 24 * HOUR;

/** When what is trusted begins: certificates are cut to whole seconds, and a test may look back a little. */
export function trustedFrom(now: number): Date {
  return new Date(Math.floor(now / 1000) * 1000 - HOUR);
}

/** A root and an authority below it that certifies those who sign code. */
export async function codeSigningChain(now: number, curve: Curve = 'P-256'): Promise<Chain> {
  const root = await certificateOf({ name: 'local root', curve, now, extensions: authority() });
  const usage = new ExtendedKeyUsageExtension([CODE_SIGNING]);
  const below = { name: 'local Fulcio', curve, now, issuer: root } as const;
  return { root, leaf: await certificateOf({ ...below, extensions: [...authority(0), usage] }) };
}

/** A root and a certificate below it that signs time stamps. */
export async function timestampingChain(now: number, curve: Curve = 'P-256'): Promise<Chain> {
  const root = await certificateOf({ name: 'local timestamp root', curve, now, extensions: authority() });
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([TIME_STAMPING], true),
  ];
  return {
    root,
    leaf: await certificateOf({ name: 'local timestamps', curve: 'P-256', now, issuer: root, extensions }),
  };
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** A serial number as RFC 5280 wants it: positive, and hardly ever twice. */
export function serialNumber(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

function authority(pathLength?: number): readonly Extension[] {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

async function certificateOf({ name, curve, now, issuer, extensions }: Request): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: curve }, true, ['sign', 'verify']);
  const own = { certificate: undefined, keys };
  const { certificate: above, keys: signing } = issuer ?? own;
  const subject = `O=local, CN=${name}`;
  const from = trustedFrom(now);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: above?.subject ?? subject,
      notBefore: from,
      notAfter: new Date(from.getTime() + LIFETIME),
      publicKey: keys.publicKey,
      signingKey: signing.privateKey,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
      extensions: [
        ...extensions,
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(signing.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate, keys };
}
