import { createHash } from 'node:crypto';
import { envelopeToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder } from '@sigstore/sign';
import { certify } from '../../src/attest/services/fulcio.ts';
import { LEGACY } from '../../src/attest/formats/cosign-layer.ts';
import type { LegacySignature } from '../../src/attest/roles.ts';
import { signBytes } from '../../src/attest/identity/signing-key.ts';
import { IN_TOTO } from '../../src/attest/formats/statement.ts';
import { readToken } from '../../src/attest/identity/token.ts';
import { httpStack } from '../../src/http/stack.ts';
import { statementNumber, type SigningWorld } from './signing.ts';

type AttLayer = {
  /** Of the entry in the log. */
  readonly kind?: 'dsse' | 'intoto';
  /** How many milliseconds after its certificate it is logged. */
  readonly later?: number;
  /** What is signed, instead of a statement. */
  readonly payload?: Uint8Array;
};

/** A `.att` layer as cosign makes it. */
export async function attLayer(
  { sigstore, clock }: SigningWorld,
  { kind = 'dsse', later = 0, payload = statementNumber(1) }: AttLayer = {},
): Promise<LegacySignature> {
  const { rekorUrl } = sigstore;
  const stack = httpStack({ clock });
  const fulcio = new URL(sigstore.fulcioUrl);
  const token = readToken(sigstore.token(), 'of the test', clock.now());
  const key = await certify({ fetch: stack.outbound, fulcio }, token, new AbortController().signal);
  await stack.close();
  const certificate = { $case: 'x509Certificate', certificate: key.certificate } as const;
  const bundle = await new DSSEBundleBuilder({
    signer: { sign: async (data) => ({ signature: signBytes(key, data), key: certificate }) },
    witnesses: [],
  }).create({ data: Buffer.from(payload), type: IN_TOTO });
  const envelope = JSON.stringify(envelopeToJSON(bundle.content.dsseEnvelope));
  const verifiers = [Buffer.from(key.certificate).toString('base64')];
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(envelope).digest('hex') };
  const proposal =
    kind === 'dsse'
      ? { apiVersion: '0.0.1', kind, spec: { proposedContent: { envelope, verifiers } } }
      : { apiVersion: '0.0.1', kind, spec: { content: { hash }, publicKey: verifiers[0] } };
  await clock.advance(later);
  const answer = await fetch(`${rekorUrl}/api/v1/log/entries`, { method: 'POST', body: JSON.stringify(proposal) });
  const [entry] = Object.values((await answer.json()) as Record<string, Logged>);
  if (entry === undefined) throw new Error('nothing was logged');
  const { body, integratedTime, logIndex, logID } = entry;
  const log = {
    SignedEntryTimestamp: entry.verification.signedEntryTimestamp,
    Payload: { body, integratedTime, logIndex, logID },
  };
  const annotations = {
    [LEGACY.signature]: '',
    [LEGACY.certificate]: key.certificate,
    [LEGACY.log]: JSON.stringify(log),
  };
  return { payload: Buffer.from(envelope), annotations };
}

type Logged = {
  readonly body: string;
  readonly integratedTime: number;
  readonly logIndex: number;
  readonly logID: string;
  readonly verification: { readonly signedEntryTimestamp: string };
};
