import { X509Certificate } from 'node:crypto';
import type * as core from '@sigstore/core';
import type { Clock } from '../../clock.ts';
import { isPromotionError, type PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import { certify } from '../services/fulcio.ts';
import { checkExpected } from '../identity/same-identity.ts';
import type { Identity } from '../roles.ts';
import type { KeySource, SigningKey } from '../identity/signing-key.ts';
import { expectationOf, type Expectation, type IdentityToken } from '../identity/token.ts';

type RunCertificateOptions = {
  readonly fetch: Fetch;
  readonly fulcio: URL;
  readonly clock: Clock;
  /** Returns a token for each certificate. */
  readonly token: (signal: AbortSignal) => Promise<IdentityToken>;
  /** The parts of the identity that must be certified, in addition to the token. */
  readonly expected: Expectation;
};

/** With less time left than this, in milliseconds, a signature might reach the log too late. */
const MARGIN = 120_000;
/** After Fulcio failed for a whole retry budget, other callers fail at once for this long; in milliseconds. */
const FAILED_FOR = 60_000;

/** Returns one certificate for all concurrent callers, renewed with a new key before it expires. */
export function runCertificate(options: RunCertificateOptions): KeySource {
  const { clock } = options;
  let current: SigningKey | undefined;
  let pending: { readonly by: AbortSignal; readonly result: Promise<SigningKey> } | undefined;
  let failed: { readonly until: number; readonly error: PromotionError } | undefined;
  const renew = async (signal: AbortSignal): Promise<SigningKey> => {
    try {
      current = await obtain(options, signal);
      failed = undefined;
      return current;
    } catch (error) {
      if (isPromotionError(error)) failed = { until: clock.now() + FAILED_FOR, error };
      throw error;
    } finally {
      pending = undefined;
    }
  };
  return async (signal) => {
    for (;;) {
      signal.throwIfAborted();
      if (current?.isFresh() === true) return current;
      if (failed !== undefined && clock.now() < failed.until) throw failed.error;
      const flight = (pending ??= { by: signal, result: renew(signal) });
      try {
        return await flight.result;
      } catch (error) {
        // The caller that started it may have been aborted; the others start again.
        if (!flight.by.aborted || signal.aborted) throw error;
      }
    }
  };
}

async function obtain(options: RunCertificateOptions, signal: AbortSignal): Promise<SigningKey> {
  const token = await options.token(signal);
  const asked = options.clock.now();
  const { privateKey, certificate, chain } = await certify(options, token, signal);
  const identity = identityIn(await import('@sigstore/core'), certificate);
  checkExpected('the certificate of this run', identity, { ...expectationOf(token.claims), ...options.expected });
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const life = validToDate.getTime() - validFromDate.getTime();
  // By its lifetime, not by its end: Fulcio's clock and ours may differ. A certificate that lives for less than twice
  // the margin would otherwise be renewed for each signature.
  const renewAt = asked + life - Math.min(MARGIN, life / 2);
  const isFresh = (): boolean => options.clock.now() < renewAt;
  return { identity, privateKey, verifier: certificate, isCertified: true, chain, isFresh };
}

// https://github.com/sigstore/fulcio/blob/v1.8.8/docs/oid-info.md
const ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';
const ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';

/** Returns the identity in a certificate. */
function identityIn({ X509Certificate: Parsed }: Pick<typeof core, 'X509Certificate'>, pem: string): Identity {
  const certificate = Parsed.parse(pem);
  const issuer = certificate.extension(ISSUER_V2)?.valueObj.subs?.[0]?.value ?? certificate.extension(ISSUER_V1)?.value;
  return {
    kind: 'keyless',
    issuer: issuer?.toString('utf8') ?? '',
    subject: certificate.subjectAltName ?? '',
  };
}
