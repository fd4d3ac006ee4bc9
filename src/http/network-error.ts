import { isPromotionError, PromotionError } from '../errors.ts';

/** What undici, Node or the system threw, as a NETWORK error of this request; a PromotionError stays what it is. */
export function networkError(error: unknown, what: string): PromotionError {
  if (isPromotionError(error)) return error;
  const hint = hintFor(codeOf(error));
  return new PromotionError('NETWORK', `${what}: ${reasonOf(error)}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** True when no usable answer came and asking again may help: a wrong certificate stays wrong. */
export function isTransient(error: unknown): error is PromotionError {
  if (isPromotionError(error, 'TIMEOUT') || isPromotionError(error, 'STALLED')) return true;
  return isPromotionError(error, 'NETWORK') && !CERTIFICATE.test(codeOf(error.cause) ?? '');
}

// The X.509 codes of Node's TLS: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const CERTIFICATE = /CERT|^UNABLE_TO_(?:GET|VERIFY|DECRYPT)|^ERR_SSL_|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$/;

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** An AggregateError of connection attempts has an empty message; its parts have not. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function hintFor(code: string | undefined): string | undefined {
  if (code === undefined) return undefined;
  if (code === 'ENOTFOUND') return 'check the spelling of the host and the DNS of this machine';
  if (code === 'ECONNREFUSED') return 'check that the registry runs and that the port is right';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'the host speaks plain HTTP; name it as an insecure registry if that is meant';
  if (CERTIFICATE.test(code))
    return 'give the CA that signed the certificate in the registry configuration or in NODE_EXTRA_CA_CERTS';
  return undefined;
}
