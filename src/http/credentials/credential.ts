import type { Access } from '../fetch.ts';

/** Proves to a registry, or to its token server, who we are. `from` names where it was found, for people. */
export type Credential = { readonly from?: string } & (
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** Exchanged for tokens at the token server (`identitytoken`). */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** Sent to the registry as it is (`registrytoken`). */
  | { readonly kind: 'registry'; readonly token: string }
);

/** What else a source may go by. */
export type CredentialQuery = {
  /** The path of the repository, `namespace/name`: some credentials hold for a part of a registry only. */
  readonly repository?: string | undefined;
  /** One that the source gave before and that is no longer taken: a source that can, gets another. */
  readonly refused?: Credential | undefined;
};

/** The credential for a registry's `host[:port]`; undefined when this source has none and access is anonymous. */
export type CredentialSource = (
  host: string,
  signal: AbortSignal,
  query?: CredentialQuery,
) => Promise<Credential | undefined>;

/** Has no credential for any host. */
export const anonymous: CredentialSource = async () => undefined;

/** Returns what an error says of a request that was sent with this credential. */
export function accessOf(credential: Credential, taken: boolean): Access {
  return { kind: 'sent', name: credentialName(credential), taken };
}

/** Returns the words for a credential: where it is from, and the user; never a secret. */
export function credentialName(credential: Credential): string {
  const from = credential.from === undefined ? '' : ` from ${credential.from}`;
  const user = credential.kind === 'registry' || credential.username === '' ? '' : ` (user ${credential.username})`;
  return `the credentials${from}${user}`;
}

/** The `Authorization` value of a user and a password (RFC 7617, in UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
