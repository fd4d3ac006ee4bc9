import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { ASN1Obj } from '@sigstore/core';
import { ecKeys } from './keys.ts';
import { json, type Routes } from './service.ts';

/** The part of a certificate log that Fulcio and verifiers ask for: promises, and no tree. */
type CertificateLog = { readonly routes: Routes; readonly publicKey: KeyObject; readonly der: Buffer };

/** https://www.rfc-editor.org/rfc/rfc6962#section-3.1: what makes a certificate one that only a log may read. */
const POISON = '1.3.6.1.4.1.11129.2.4.3';
/** SHA-256 with ECDSA, as TLS numbers them. */
const ALGORITHM = Buffer.of(4, 3);

/** A log below `/ct`, by this clock. */
export function certificateLog(now: () => number): CertificateLog {
  const { publicKey, privateKey } = ecKeys();
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const id = sha256(der).toString('base64');
  return {
    publicKey,
    der,
    routes: {
      'POST /ct/ct/v1/add-pre-chain': ({ body }) => {
        const { chain } = JSON.parse(body.toString('utf8')) as { readonly chain: readonly [string, string] };
        const timestamp = now();
        const [precertificate, issuer] = chain.map((certificate) => Buffer.from(certificate, 'base64'));
        const signed = entryOf(precertificate ?? Buffer.alloc(0), issuer ?? Buffer.alloc(0), timestamp);
        const signature = sign('sha256', signed, privateKey);
        const encoded = Buffer.concat([ALGORITHM, uint(signature.length, 2), signature]).toString('base64');
        return json(200, { sct_version: 0, id, timestamp, extensions: '', signature: encoded });
      },
    },
  };
}

/** https://www.rfc-editor.org/rfc/rfc6962#section-3.2: what a promise signs, of version 1 and a precertificate. */
function entryOf(precertificate: Buffer, issuer: Buffer, timestamp: number): Buffer {
  const issuerKey = sha256(new X509Certificate(issuer).publicKey.export({ type: 'spki', format: 'der' }));
  const body = withoutPoison(precertificate);
  const head = [uint(0, 2), uint(timestamp, 8), uint(1, 2), issuerKey];
  return Buffer.concat([...head, uint(body.length, 3), body, uint(0, 2)]);
}

function withoutPoison(precertificate: Buffer): Buffer {
  const [body] = ASN1Obj.parseBuffer(Buffer.from(precertificate)).subs;
  const extensions = body?.subs.find(({ tag }) => tag.isContextSpecific(EXTENSIONS))?.subs[0]?.subs ?? [];
  const at = extensions.findIndex(({ subs }) => subs[0]?.toOID() === POISON);
  if (body === undefined || at < 0) throw new Error('the certificate is none for a log only');
  extensions.splice(at, 1);
  return body.toDER();
}

/** The tag of the extensions in a certificate: https://www.rfc-editor.org/rfc/rfc5280#section-4.1. */
const EXTENSIONS = 3;

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
