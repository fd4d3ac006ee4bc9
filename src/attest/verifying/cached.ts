import { digestOf } from '../../image/digest.ts';
import type { LaterVerifier, Verifier } from '../roles.ts';

/** Wraps a verifier so that equal bytes are verified once: mirrors have the same bytes. */
export function judgedOnce(verifier: Verifier): Verifier;
export function judgedOnce(verifier: LaterVerifier): LaterVerifier;
export function judgedOnce(verifier: LaterVerifier): LaterVerifier {
  const verdicts = new Map<string, unknown>();
  const once = <T>(key: readonly unknown[], bytes: Uint8Array, judge: () => T): T => {
    const name = JSON.stringify([...key, digestOf(bytes)]);
    const known = verdicts.get(name);
    if (known !== undefined) return known as T;
    const verdict = judge();
    verdicts.set(name, verdict);
    return verdict;
  };
  return {
    bundle: (bytes, subject) => once(['bundle', subject], bytes, () => verifier.bundle(bytes, subject)),
    legacy: (signature, subject) =>
      once(['legacy', subject, sorted(signature.annotations)], signature.payload, () =>
        verifier.legacy(signature, subject),
      ),
    legacyAttestation: (envelope, annotations, subject) =>
      once(['attestation', subject, sorted(annotations)], envelope, () =>
        verifier.legacyAttestation(envelope, annotations, subject),
      ),
  };
}

function sorted(annotations: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
