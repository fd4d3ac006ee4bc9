import { onTestFinished } from 'vitest';
import { openSigning, type Signing, type SigningOptions } from '../../src/attest/signing/open.ts';
import { signaturePayload } from '../../src/attest/formats/cosign-layer.ts';
import { signatureStatement } from '../../src/attest/formats/statement.ts';
import { realClock, type Clock } from '../../src/clock.ts';
import type { Digest } from '../../src/image/digest.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack } from '../../src/http/stack.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';
import { homeWith } from './home.ts';
import { startSigstore, type LocalSigstore, type SigstoreOptions } from './sigstore/local.ts';
import type { Sigstore } from './sigstore/stack.ts';

/** What a test of signing works with: a Sigstore, and the clock of both sides, whose waits take no time. */
export type SigningWorld = { readonly sigstore: LocalSigstore; readonly clock: FakeClock };

/** A digest for each number. */
export const digestNumber = (number: number): Digest => `sha256:${number.toString(16).padStart(64, '0')}`;
/** The statement of a signature of that digest. */
export const statementNumber = (number: number): Uint8Array =>
  signatureStatement('registry.example/app', digestNumber(number));
/** The payload of a `.sig` signature of that digest. */
export const payloadNumber = (number: number): Uint8Array =>
  signaturePayload('registry.example/app', digestNumber(number));

/** A Sigstore that ends with the test. */
export async function signingWorld(options: SigstoreOptions = {}): Promise<SigningWorld> {
  // The real time: certificates of the trust root are made with the machine's clock in part.
  const clock = fakeClock({ start: realClock().now(), skipWaits: true });
  const sigstore = await startSigstore({ now: () => clock.now(), ...options });
  onTestFinished(() => sigstore.stop());
  return { sigstore, clock };
}

/** Signing with the services of that world and a token of its own, but for what is given. */
export async function signingIn(
  { sigstore, clock }: { readonly sigstore: Sigstore; readonly clock: Clock },
  given: Partial<SigningOptions> & { readonly concurrency?: number } = {},
): Promise<Signing> {
  const { concurrency, ...options } = given;
  const stack = httpStack({ clock, random: () => 1, ...(concurrency !== undefined && { concurrency }) });
  onTestFinished(() => stack.close());
  return openSigning({
    clock,
    fetch: stack.outbound,
    reserve: stack.reserve,
    pause: jitteredPause(clock, () => 1),
    home: await homeWith({}),
    env: { SIGSTORE_ID_TOKEN: sigstore.token() },
    google: { present: async () => false, token: () => Promise.reject(new Error('no Google here')) },
    trustedRoots: [sigstore.trustedRootFile],
    signingConfig: sigstore.signingConfigFile,
    ...options,
  });
}

/** A world of its own with signing in it. */
export async function openedSigning(
  given: Parameters<typeof signingIn>[1] = {},
): Promise<SigningWorld & { readonly signing: Signing }> {
  const world = await signingWorld();
  return { ...world, signing: await signingIn(world, given) };
}

/** The bundle of a signature of the digest of that number. */
export async function signedNumber(
  signing: Signing,
  number = 1,
  signal = new AbortController().signal,
): Promise<Uint8Array> {
  return (await signing.signer(signal)).signStatement(statementNumber(number), signal);
}
