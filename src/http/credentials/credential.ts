import type { Access } from '../fetch.ts';

/** A credential for a registry or its token server. `from` names its source in messages. */
export type Credential = { readonly from?: string } & (
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** Exchanged for tokens at the token server (`identitytoken`). */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** Sent to the registry as it is (`registrytoken`). */
  | { readonly kind: 'registry'; readonly token: string }
);

/** Further facts that a source may use to choose a credential. */
type CredentialQuery = {
  /** Path of the repository, `namespace/name`: some credentials are valid for a part of a registry only. */
  readonly repository?: string | undefined;
  /** A credential of this source that the server has rejected. A source that can renew it returns another one. */
  readonly refused?: Credential | undefined;
};

/**
 * Returns the credential for a registry's `host[:port]`; undefined if the source has none, and access is then
 * anonymous.
 */
export type CredentialSource = {
  (host: string, signal: AbortSignal, query?: CredentialQuery): Promise<Credential | undefined>;
  /** Returns false for a host for which the source never has credentials. Default: it may have some for every host. */
  readonly covers?: (host: string) => boolean;
};

/** Returns a source that is asked for these hosts only. */
export function sourceFor(covers: (host: string) => boolean, source: CredentialSource): CredentialSource {
  const some: CredentialSource = async (host, ...rest) => (covers(host) ? source(host, ...rest) : undefined);
  return Object.assign(some, { covers });
}

/** A source that has no credentials. */
export const anonymous: CredentialSource = async () => undefined;

/** Returns the facts about a sent credential for an error message. */
export function accessOf(credential: Credential, taken: boolean): Access {
  return { kind: 'sent', name: credentialName(credential), taken };
}

/** Returns the source and the user of a credential for messages, never a secret. */
export function credentialName(credential: Credential): string {
  const from = credential.from === undefined ? '' : ` from ${credential.from}`;
  const user = credential.kind === 'registry' || credential.username === '' ? '' : ` (user ${credential.username})`;
  return `the credentials${from}${user}`;
}

/** Returns the `Authorization` value for a user and a password (RFC 7617, UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
