import { createHash, webcrypto } from 'node:crypto';
import type { CA, CTLog } from '@sigstore/mock/dist/fulcio/index.js';
import {
  AuthorityKeyIdentifierExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { CODE_SIGNING, serialNumber, type Issuer } from './certificates.ts';

/** https://www.rfc-editor.org/rfc/rfc6962#section-3.3: the list of signed certificate timestamps. */
const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2';

/** What is asked for of the authority. */
export type CertificateRequest = Parameters<CA['issueCertificate']>[0];

/** Who certifies, which log knows of it, and for how long it is valid; milliseconds. */
type Certifying = {
  readonly request: CertificateRequest;
  readonly issuer: Issuer;
  /** Absent for a Sigstore without one, as GitHub's own is. */
  readonly certificateLog?: CTLog | undefined;
  readonly from: number;
  readonly validity: number;
};

/** The certificate for one public key of P-256, in DER; the log's promise is in it, if there is a log. */
export async function certify({
  request,
  issuer,
  certificateLog,
  from,
  validity,
}: Certifying): Promise<Uint8Array<ArrayBuffer>> {
  const { publicKey, subjectAltName: name, extensions = [] } = request;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await webcrypto.subtle.importKey('spki', publicKey, algorithm, true, ['verify']);
  const isMail = /^[^/:@]+@[^/:@]+$/.test(name);
  const terms = {
    serialNumber: serialNumber(),
    issuer: issuer.certificate.subject,
    notBefore: new Date(from),
    notAfter: new Date(from + validity),
    publicKey: key,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([CODE_SIGNING]),
      new SubjectAlternativeNameExtension([{ type: isMail ? 'email' : 'url', value: name }], true),
      await SubjectKeyIdentifierExtension.create(key, false, webcrypto),
      await AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey, false, webcrypto),
      ...extensions.map(
        ({ oid, value, legacy }) => new Extension(oid, false, legacy ? Buffer.from(value) : utf8(value)),
      ),
    ],
  };
  const issuerKey = await webcrypto.subtle.exportKey('spki', issuer.keys.publicKey);
  const before = await X509CertificateGenerator.create(terms, webcrypto);
  if (certificateLog === undefined) return new Uint8Array(before.rawData);
  const sct = Buffer.from(await certificateLog.log(before.rawData, arrayBuffer(sha256(Buffer.from(issuerKey)))));
  const list = octets(Buffer.concat([Buffer.of(0, sct.length), sct]));
  const withSct = { ...terms, extensions: [...terms.extensions, new Extension(SCT_LIST, false, list)] };
  return new Uint8Array((await X509CertificateGenerator.create(withSct, webcrypto)).rawData);
}

const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
const octets = (bytes: Buffer): Buffer => der(0x04, bytes);
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** X.690 §8.1.3: these are shorter than 65,536 bytes. */
function der(tag: number, bytes: Buffer): Buffer {
  const { length } = bytes;
  const size = length < 0x80 ? [length] : length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), bytes]);
}

function arrayBuffer(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
