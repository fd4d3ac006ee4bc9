import { homedir } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { dockerConfig } from '../http/credentials/docker-config.ts';
import { baseUrl } from '../http/http-scheme.ts';
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

/** Opens the way to all registries: the request stack with the user's credentials. `close` ends its connections. */
export function openRegistries({ env, clock, narrate, random }: RegistryOptions): { readonly registry: Registry; close(): Promise<void> } {
  const credentials = dockerConfig({ env, clock, home: env['HOME'] ?? homedir() });
  const stack = httpStack({ clock, narrate, random, credentials });
  const registry = distributionRegistry({ fetch: stack.fetch, baseUrl: (host) => baseUrl(host), clock, random });
  return { registry, close: stack.close };
}
