import { isPromotionError, PromotionError } from '../../errors.ts';

/**
 * Converts an error of undici, Node or the system to a NETWORK error of this request; returns a PromotionError
 * unchanged.
 */
export function networkError(error: unknown, what: string): PromotionError {
  if (isPromotionError(error)) return error;
  const code = codeOf(error) ?? '';
  const hint = hintFor(code, isPlainHttp(what));
  return new PromotionError('NETWORK', `${what}: ${reasonOf(error)}`, {
    cause: error,
    lasting: CERTIFICATE.test(code) || code === 'ENOTFOUND' ? true : undefined,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Returns true if no usable response came and a retry may help: an invalid certificate stays invalid. */
export function isTransient(error: unknown): error is PromotionError {
  if (isPromotionError(error, 'TIMEOUT') || isPromotionError(error, 'STALLED')) return true;
  return isPromotionError(error, 'NETWORK') && !CERTIFICATE.test(codeOf(error.cause) ?? '');
}

/**
 * Returns true if the address is more likely wrong than the registry down: the port is closed, the name is unknown, or
 * the server does not speak HTTP.
 */
export function looksMisaddressed(error: PromotionError): boolean {
  const code = codeOf(error.cause) ?? '';
  return ADDRESS.test(code) || (code === 'UND_ERR_SOCKET' && isPlainHttp(error.message) && readNothing(error.cause));
}

/**
 * Returns true if a host accepted the request and did not respond or read on in time. A host that accepts no connection
 * may be about to come back.
 */
export function isUnanswered(error: unknown): error is PromotionError {
  if (isPromotionError(error, 'STALLED')) return true;
  return isPromotionError(error, 'TIMEOUT') && !error.message.startsWith('connecting to ');
}

// EAI_AGAIN: what a machine without DNS reports for every name
const ADDRESS = /^(?:E(?:CONNREFUSED|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL)|HPE_.*)$/;

function isPlainHttp(what: string): boolean {
  return /^\w+ http:/.test(what);
}

/** A TLS server closes the connection when it receives plain HTTP. */
function readNothing(error: unknown): boolean {
  const socket = error instanceof Error && 'socket' in error ? error.socket : undefined;
  return typeof socket === 'object' && socket !== null && 'bytesRead' in socket && socket.bytesRead === 0;
}

// The X.509 codes of Node's TLS: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const CERTIFICATE = /CERT|^UNABLE_TO_(?:GET|VERIFY|DECRYPT)|^ERR_SSL_|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$/;

/** Returns the code of an error of Node, undici or the system. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  // undici sets a code for some of its parser's errors only
  return error instanceof Error && error.name === 'HTTPParserError' ? 'HPE_INVALID' : undefined;
}

/** An AggregateError of connection attempts has an empty message; its parts have messages. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  // OpenSSL's message names its source files; its reason is readable.
  if (codeOf(error)?.startsWith('ERR_SSL_') && 'reason' in error) return String(error.reason);
  // Node's advice is for those who start Node themselves; our hint replaces it.
  return error.message.replace(/; if the root CA is installed locally.*$/, '');
}

/** Hints by error code; the first matching pattern wins. */
const HINTS: readonly (readonly [code: RegExp, hint: string])[] = [
  [/^ENOTFOUND$/, 'check the spelling of the host and the DNS of this machine'],
  [/^EAI_AGAIN$/, 'check the network and the DNS of this machine'],
  [/^ECONNREFUSED$/, 'check that the registry runs and that the port is right'],
  [/^E(?:HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL)$/, 'check the address of the host and the routes of this machine'],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/,
    'the host speaks plain HTTP; if that is intended, set "insecure: true" for it in the registry configuration',
  ],
  [
    // https://www.rfc-editor.org/rfc/rfc8446#section-6.2: the alerts that servers send for an invalid or missing client
    // certificate
    /ALERT_(?:HANDSHAKE_FAILURE|(?:BAD_|UNSUPPORTED_)?CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/,
    'the server rejected the TLS handshake; if it requires a client certificate, set "clientCertificate" in the registry configuration',
  ],
  [
    /ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/,
    'the certificate is for another host: check the name of the registry, and that no proxy responds in its place',
  ],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, 'renew the certificate of the server, or correct the date of this machine'],
  [
    CERTIFICATE,
    'set the CA that signed the certificate in the registry configuration ("ca") or in NODE_EXTRA_CA_CERTS',
  ],
];

function hintFor(code: string, isPlain: boolean): string | undefined {
  if (/^(?:HPE_|UND_ERR_SOCKET$)/.test(code))
    return `check that a registry listens on that port${isPlain ? '; if it speaks HTTPS, set "insecure: false" for it in the registry configuration' : ''}`;
  return HINTS.find(([pattern]) => pattern.test(code))?.[1];
}
