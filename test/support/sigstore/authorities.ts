import { initializeCTLog, type CTLog } from '@sigstore/mock/dist/fulcio/index.js';
import { initializeTSA, type TSA } from '@sigstore/mock/dist/timestamp/index.js';
import { codeSigningChain, timestampingChain, type Chain } from './certificates.ts';
import { ecKeys } from './keys.ts';

/** The keys and certificates of who certifies and of who stamps, and the log of what was certified. */
export type Authorities = {
  readonly codeSigning: Chain;
  readonly certificateLog: CTLog;
  readonly timestamping: Chain;
  readonly stamper: TSA;
  /** The time in milliseconds by which their certificates begin. */
  readonly madeAt: number;
};

/** Those of Sigstores that have ended: most of what a Sigstore takes to start is making them. */
const free: Authorities[] = [];

/** Their certificates begin an hour before they were made, and nobody notices some minutes more. */
const GOOD_FOR_MS = 600_000;

/** Authorities that no other Sigstore has at the same time. */
export async function borrowAuthorities(now: number): Promise<Authorities> {
  const index = free.findIndex(({ madeAt }) => madeAt <= now && now < madeAt + GOOD_FOR_MS);
  const [found] = index < 0 ? [] : free.splice(index, 1);
  if (found !== undefined) return found;
  const [codeSigning, timestamping] = await Promise.all([codeSigningChain(now), timestampingChain(now)]);
  const [certificateLog, stamper] = await Promise.all([initializeCTLog(ecKeys()), initializeTSA(ecKeys())]);
  return { codeSigning, certificateLog, timestamping, stamper, madeAt: now };
}

/** Gives them to the next Sigstore; who returns them uses them no longer. */
export function returnAuthorities(authorities: Authorities): void {
  free.push(authorities);
}
