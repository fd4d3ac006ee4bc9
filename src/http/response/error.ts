import { z } from 'zod';
import { type ErrorCode, PromotionError } from '../../errors.ts';
import { type Access, type HttpResponse, header } from '../fetch.ts';
import { registryName } from '../http-scheme.ts';
import { peek } from './peek.ts';
import { redactText } from '../redact.ts';

/** Bytes of an error body that are read. */
const READ_LIMIT = 4096;
/** Maximum number of its characters in an error. */
const SHOWN_LIMIT = 300;

/**
 * Returns the error for a response with an unwanted status, with the registry's message. Reads the start of the body
 * and discards the rest. `host` is the registry that the hint names, if another host responded.
 */
export async function answerError(
  response: HttpResponse,
  what: string,
  host: string = response.url.host,
): Promise<PromotionError> {
  const { text, response: whole } = await peek(response, READ_LIMIT);
  await whole.body.discard();
  const said = registryMessage(wholeWords(text), header(response, 'content-type') ?? '', response.hide);
  const { code, hint } = isTlsServer(response, text)
    ? {
        code: 'REGISTRY_PROTOCOL' as const,
        hint: `set "insecure: false" for ${host} in the registry configuration: it speaks HTTPS`,
      }
    : meaning(response, registryName(host));
  return new PromotionError(
    code,
    `${what}: the registry answered ${response.status}${said === '' ? '' : `: ${said}`}`,
    { hint },
  );
}

/** The messages of Go, nginx, Apache and Tomcat for plain HTTP on a TLS port. */
const WANTS_TLS =
  /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL|host and port requires TLS/i;

function isTlsServer({ url }: HttpResponse, text: string): boolean {
  return url.protocol === 'http:' && WANTS_TLS.test(text);
}

function meaning({ status, access }: HttpResponse, host: string): { readonly code: ErrorCode; readonly hint: string } {
  if (status === 401) return { code: 'UNAUTHORIZED', hint: loginHint(host, access) };
  if (status === 403) return { code: 'DENIED', hint: rightsHint(host, access) };
  const refusal = POLICIES[status];
  if (refusal !== undefined) return { code: 'DENIED', hint: refusal(host) };
  if (status === 413)
    return {
      code: 'REGISTRY_PROTOCOL',
      hint: `raise the maximum request size of ${host}, or of a proxy in front of it`,
    };
  if (status === 404)
    return { code: 'NOT_FOUND', hint: 'check the spelling of the repository, and that it exists there' };
  if (status === 429) return { code: 'RATE_LIMITED', hint: `retry later, or request more quota on ${host}` };
  if (status >= 500) return { code: 'REGISTRY_ERROR', hint: `retry; if it persists, contact the operator of ${host}` };
  return { code: 'REGISTRY_PROTOCOL', hint: `check that ${host} is an OCI registry that allows this operation` };
}

function loginHint(host: string, access: Access | undefined): string {
  if (access?.kind === 'sent' && access.taken)
    return `check that the account of ${access.name} has permission for this on ${host}, and that the repository exists there`;
  if (access?.kind === 'sent')
    return `the registry refused ${access.name}: log in again, or check that this account has permission for this on ${host}`;
  if (access?.kind === 'withheld') return withheldHint(host, access.from);
  if (access?.kind === 'unused') {
    const asks =
      access.offered.length === 0
        ? 'it offers no scheme'
        : `it offers ${access.offered.slice(0, MOST_OFFERED).join(', ')}`;
    return `configure ${host} to accept Basic or Bearer (WWW-Authenticate): ${asks}, so ${access.name} were not sent`;
  }
  return `log in to ${host}, for instance with "docker login ${host}"`;
}

/** No registry offers more ways to log in. */
const MOST_OFFERED = 5;

function rightsHint(host: string, access: Access | undefined): string {
  if (access?.kind === 'withheld') return withheldHint(host, access.from);
  if (access?.kind === 'anonymous')
    return `use credentials for ${host} with permission for this, for instance through "docker login ${host}"`;
  const account = access === undefined ? `the account used for ${host}` : `the account of ${access.name}`;
  return `check that ${account} has permission for this`;
}

function withheldHint(host: string, from: string): string {
  return `configure ${from} to return addresses under its own name, or ones that need no login: credentials for it are not sent to ${host}`;
}

/** Refusals that neither a retry nor another account changes, with their hints. */
const POLICIES: Readonly<Partial<Record<number, (host: string) => string>>> = {
  402: (host) => `check the plan, the quota and the billing of the account on ${host}`,
  412: (host) => `check the rules of the project on ${host}: immutable tags, required signatures, scans`,
  451: (host) => `${host} withholds this for legal reasons: contact its operator, or use another source for the image`,
};

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes; token servers say `details` or `error`
const ErrorAnswer = z.object({
  errors: z.array(z.object({ code: z.coerce.string().optional(), message: z.string().optional() })).optional(),
  details: z.string().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
});

/**
 * Returns the message in an error body, on one line and without control characters. Reads JSON errors, an HTML title or
 * plain text.
 */
export function registryMessage(text: string, contentType: string, hide = (said: string): string => said): string {
  const words =
    jsonWords(text) ?? titleOf(text) ?? (contentType === '' || contentType.startsWith('text/plain') ? text : '');
  const line = redactText(hide(words));
  return line.length > SHOWN_LIMIT ? `${line.slice(0, SHOWN_LIMIT)}…` : line;
}

/** Drops the last word of a truncated text: it could be the beginning of a secret. */
function wholeWords(text: string): string {
  if (Buffer.byteLength(text) < READ_LIMIT) return text;
  let end = text.length;
  while (end > 0 && text.charAt(end - 1).trim() !== '') end -= 1;
  return text.slice(0, end);
}

function jsonWords(text: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = ErrorAnswer.safeParse(json);
  if (data === undefined) return undefined;
  const listed = data.errors?.map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ');
  return listed || [data.error, data.error_description ?? data.details ?? data.message].filter(Boolean).join(': ');
}

function titleOf(text: string): string | undefined {
  const open = text.search(/<title/i);
  const close = open < 0 ? -1 : text.indexOf('>', open);
  return close < 0 ? undefined : text.slice(close + 1).split('<', 1)[0];
}
