import { createHash, generateKeyPairSync, webcrypto } from 'node:crypto';
import { codeSigningChain, timestampingChain, type Chain } from './certificates.ts';

/** A chain and the key of who signs below it, as files have them and in DER. */
type KeyFiles = { readonly chain: string; readonly key: string; readonly der: readonly Buffer[] };

/** What the real services sign with. */
export type RealKeys = {
  /** `noteKeyId` is how a checkpoint names the key. */
  readonly log: { readonly key: string; readonly der: Buffer; readonly noteKeyId: Buffer };
  readonly certified: KeyFiles;
  readonly stamps: KeyFiles;
};

/** The address that all services listen on; a log's checkpoints are named by it. */
export const HOST = '127.0.0.1';

/** New keys, and certificates for them that are valid now. */
export async function realKeys(): Promise<RealKeys> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const [certified, stamps] = await Promise.all([
    codeSigningChain(Date.now(), 'P-384'),
    timestampingChain(Date.now(), 'P-384'),
  ]);
  return {
    log: { der, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })), noteKeyId: noteKeyId(der) },
    certified: await filesOf(certified),
    stamps: await filesOf(stamps),
  };
}

/** https://github.com/C2SP/C2SP/blob/main/signed-note.md: the origin, a newline, the algorithm, the raw key. */
function noteKeyId(spki: Buffer): Buffer {
  const name = Buffer.concat([Buffer.from(`${HOST}\n\x01`), spki.subarray(-32)]);
  return createHash('sha256').update(name).digest();
}

async function filesOf({ leaf, root }: Chain): Promise<KeyFiles> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.keys.privateKey)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return {
    chain: `${leaf.certificate.toString('pem')}\n${root.certificate.toString('pem')}\n`,
    key: ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n'),
    der: [leaf, root].map(({ certificate }) => Buffer.from(certificate.rawData)),
  };
}
