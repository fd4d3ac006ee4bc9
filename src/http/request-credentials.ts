import { isPromotionError } from '../errors.ts';
import { parseChallenges } from './auth/challenge.ts';
import { accessOf, credentialName, type Credential, type CredentialSource } from './credentials/credential.ts';
import type { Access, HttpRequest, HttpResponse } from './fetch.ts';

/** Returns the path of the repository whose credentials a request needs. */
export function repositoryOf({ scopes }: HttpRequest): string | undefined {
  return scopes?.[0]?.repository;
}

/** Returns the credential for a request; undefined if there is none, or if none may be sent. */
export async function credentialFor(
  credentials: CredentialSource,
  request: HttpRequest,
  refused?: Credential,
): Promise<Credential | undefined> {
  const { url, signal, anonymous = false } = request;
  return anonymous ? undefined : credentials(url.host, signal, { repository: repositoryOf(request), refused });
}

/** Returns undefined for a PromotionError; throws any other error again. */
export function ignorePromotionError(error: unknown): undefined {
  if (!isPromotionError(error)) throw error;
}

/** Returns the response; adds to a refusal how it was authenticated, for error messages. */
export async function withAccess(
  response: HttpResponse,
  request: HttpRequest,
  credentials: CredentialSource,
  sent: { readonly login: Credential | undefined; readonly password?: Credential } | undefined,
): Promise<HttpResponse> {
  if (response.status !== 401 && response.status !== 403) return response;
  const login = sent?.login;
  const isToken = login !== undefined && login.kind !== 'registry' && sent?.password === undefined;
  const access = login === undefined ? await unsentAccess(response, request, credentials) : accessOf(login, isToken);
  return { ...response, access };
}

async function unsentAccess(
  { headers }: HttpResponse,
  request: HttpRequest,
  credentials: CredentialSource,
): Promise<Access> {
  const { anonymous, from, url } = request;
  if (anonymous === true && from !== undefined && from.origin !== url.origin)
    return { kind: 'withheld', from: from.host };
  const unused = await credentialFor(credentials, request).catch(ignorePromotionError);
  const offered = parseChallenges(headers.get('www-authenticate') ?? []).map(({ scheme }) => scheme);
  return unused === undefined ? { kind: 'anonymous' } : { kind: 'unused', name: credentialName(unused), offered };
}
