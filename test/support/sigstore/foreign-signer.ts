import type { Bundle } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness, type Witness } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { rekor2Witness } from './rekor2-witness.ts';
import type { Sigstore } from './stack.ts';

/** Who witnesses a signature: the logs by version, and the timestamp authority. */
export type WitnessName = 'rekor' | 'rekor2' | 'timestamp';

/** What one signs with: of a Sigstore without the first Rekor only the others. */
type Signable = Pick<Sigstore, 'fulcioUrl' | 'rekor2Url' | 'timestampUrl'> & { readonly rekorUrl?: string };

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Signs a statement as others do, with @sigstore/sign and its own HTTP. */
export function signForeign(
  sigstore: Signable,
  {
    statement,
    token,
    witnesses,
  }: { readonly statement: string; readonly token: string; readonly witnesses: readonly WitnessName[] },
): Promise<Bundle> {
  const signer = new FulcioSigner({
    fulcioBaseURL: sigstore.fulcioUrl,
    identityProvider: { getToken: () => Promise.resolve(token) },
    ...ONCE,
  });
  const builder = new DSSEBundleBuilder({ signer, witnesses: witnesses.map((name) => witness(sigstore, name)) });
  return builder.create({ data: Buffer.from(statement), type: PAYLOAD_TYPE });
}

/** Who signed the bundle, for whoever trusts this root; throws when it does not verify. */
export function signerOf({ trustedRoot }: Pick<Sigstore, 'trustedRoot'>, bundle: Bundle): Signed {
  const trust = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot));
  const { identity } = new Verifier(trust).verify(toSignedEntity(bundle));
  return { subject: identity?.subjectAlternativeName, issuer: identity?.extensions?.issuer };
}

/** The identity in a certificate. */
export type Signed = { readonly subject: string | undefined; readonly issuer: string | undefined };

/** Rekor v2 answers after a second; a minute is a machine that is very busy. */
const ONCE = { retry: 0, timeout: 60_000 } as const;

function witness({ rekorUrl, rekor2Url, timestampUrl }: Signable, name: WitnessName): Witness {
  if (name === 'rekor2') return rekor2Witness(rekor2Url);
  if (name === 'timestamp') return new TSAWitness({ tsaBaseURL: new URL(timestampUrl).origin, ...ONCE });
  if (rekorUrl === undefined) throw new Error('this Sigstore has no Rekor of the first version');
  return new RekorWitness({ rekorBaseURL: rekorUrl, majorApiVersion: 1, ...ONCE });
}
