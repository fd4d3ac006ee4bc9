import { createHash } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import { RekorWitness, type Witness } from '@sigstore/sign';

type Content = Bundle['content'];
type Logged = Awaited<ReturnType<Witness['testify']>>;

/** HashAlgorithm.SHA2_256 of https://github.com/sigstore/protobuf-specs. */
const SHA2_256 = 1;

/** Logs an envelope in Rekor v2 as hashedrekord, which is all that it takes; @sigstore/sign would send a dsse entry. */
export function rekor2Witness(url: string): Witness {
  const witness = new RekorWitness({ rekorBaseURL: url, majorApiVersion: 2, retry: 0, timeout: 60_000 });
  return { testify: (content: Content, key: string): Promise<Logged> => witness.testify(signedForm(content), key) };
}

function signedForm(content: Content): Content {
  if (content.$case !== 'dsseEnvelope') return content;
  const { payloadType, payload, signatures } = content.dsseEnvelope;
  const digest = createHash('sha256').update(dsse.preAuthEncoding(payloadType, payload)).digest();
  const signature = signatures[0]?.sig ?? Buffer.alloc(0);
  return { $case: 'messageSignature', messageSignature: { messageDigest: { algorithm: SHA2_256, digest }, signature } };
}
