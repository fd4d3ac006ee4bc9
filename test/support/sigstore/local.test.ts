import { describe, expect, it, onTestFinished } from 'vitest';
import { bundleToJSON, type Bundle } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness, type Witness } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { startSigstore, type LocalSigstore, type SigstoreOptions } from './local.ts';
import type { Claims } from './oidc.ts';
import { rekor2Witness } from './rekor2-witness.ts';

const STATEMENT = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');

async function sigstore(options: SigstoreOptions = {}): Promise<LocalSigstore> {
  const started = await startSigstore(options);
  onTestFinished(() => started.stop());
  return started;
}

function sign(local: LocalSigstore, witnesses: Witness[], claims: Claims = {}): Promise<Bundle> {
  const signer = new FulcioSigner({
    fulcioBaseURL: local.fulcioUrl,
    identityProvider: { getToken: () => Promise.resolve(local.token(claims)) },
    retry: 0,
    timeout: 20_000,
  });
  return new DSSEBundleBuilder({ signer, witnesses }).create({ data: STATEMENT, type: 'application/vnd.in-toto+json' });
}

const rekor = ({ rekorUrl }: LocalSigstore): Witness =>
  new RekorWitness({ rekorBaseURL: rekorUrl, majorApiVersion: 1, retry: 0 });
const rekor2 = ({ rekor2Url }: LocalSigstore): Witness => rekor2Witness(rekor2Url);
const stamp = ({ timestampUrl }: LocalSigstore): Witness =>
  new TSAWitness({ tsaBaseURL: new URL(timestampUrl).origin, retry: 0 });

function verify({ trustedRoot }: LocalSigstore, bundle: Bundle): { subject: unknown; issuer: unknown } {
  const trust = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot));
  const { identity } = new Verifier(trust).verify(toSignedEntity(bundle));
  return { subject: identity?.subjectAlternativeName, issuer: identity?.extensions?.issuer };
}

describe('test/support/sigstore/local.ts', () => {
  it('signs what a verifier that trusts it accepts, in either log', async () => {
    const local = await sigstore();
    for (const w of [[rekor(local)], [rekor(local), stamp(local)], [rekor2(local), stamp(local)]]) {
      const bundle = await sign(local, w);
      expect(verify(local, bundle)).toEqual({ subject: 'promoter@example.com', issuer: 'https://accounts.google.com' });
      expect(bundleToJSON(bundle).mediaType).toContain('v0.3');
    }
  });
});
