import { homedir } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import type { CredentialSource } from '../http/credentials/credential.ts';
import { credentialSources, defaultCredentials } from '../http/credentials/sources.ts';
import { baseUrl } from '../http/http-scheme.ts';
import { jitteredPause, type Pause } from '../http/pause.ts';
import { httpStack } from '../http/stack.ts';
import { distributionRegistry } from '../registry/distribution.ts';
import type { Registry } from '../registry/roles.ts';

export type RegistryOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
};

/** `close` ends all connections. */
export type Registries = { readonly registry: Registry; readonly pause: Pause; close(): Promise<void> };

/** Opens the way to all registries: the request stack with the user's credentials. */
export function openRegistries({ env, clock, narrate, random }: RegistryOptions): Registries {
  // Sources ask their clouds through the stack that asks them: whoever is first asked, both are there.
  const credentials: CredentialSource = (...asked) => ofEachHost(...asked);
  const stack = httpStack({ clock, narrate, random, credentials });
  const sources = credentialSources({ env, clock, home: env['HOME'] ?? homedir(), fetch: stack.outbound });
  const ofEachHost = defaultCredentials(sources);
  const pause = jitteredPause(clock, random);
  const registry = distributionRegistry({ fetch: stack.fetch, baseUrl: (host) => baseUrl(host), clock, pause });
  return { registry, pause, close: stack.close };
}
