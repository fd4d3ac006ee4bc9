/** What proves to a registry, or to its token server, who we are. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** Exchanged for tokens at the token server (`identitytoken`). */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** Sent to the registry as it is (`registrytoken`). */
  | { readonly kind: 'registry'; readonly token: string };

/**
 * The credential for a registry's `host[:port]`; undefined when this source has none and access is anonymous.
 * `refused` is one that it gave before and that is no longer taken: a source that can, gets another.
 */
export type CredentialSource = (
  host: string,
  signal: AbortSignal,
  refused?: Credential,
) => Promise<Credential | undefined>;

/** Has no credential for any host. */
export const anonymous: CredentialSource = async () => undefined;

/** The `Authorization` value of a user and a password (RFC 7617, in UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
