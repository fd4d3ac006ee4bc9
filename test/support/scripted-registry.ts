import { onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack } from '../../src/http/stack.ts';
import { distributionRegistry } from '../../src/registry/distribution/index.ts';
import type { DistributionServices } from '../../src/registry/distribution/services.ts';
import type { Call, Registry } from '../../src/registry/roles.ts';
import { scriptedServer, type Answer, type ScriptedServer } from './scripted-server.ts';

/** The client of real registries, talking to a server that says what a test wants. */
export type ScriptedRegistry = {
  readonly registry: Registry;
  readonly server: ScriptedServer;
  /** `host:port` of the server. */
  readonly host: string;
  readonly call: Call & { readonly meter: NonNullable<Call['meter']> };
};

/** Lives as long as the test; what is tried again is tried at once. */
export async function scriptedRegistry(
  answer: Answer,
  given: Partial<DistributionServices> = {},
): Promise<ScriptedRegistry> {
  const server = await scriptedServer(answer);
  const clock = realClock();
  const random = (): number => 0;
  const { fetch, close } = httpStack({ clock, random });
  onTestFinished(close);
  const registry = distributionRegistry({
    fetch,
    clock,
    pause: jitteredPause(clock, random),
    baseUrl: (host) => new URL(`http://${host}`),
    ...given,
  });
  const call = { signal: new AbortController().signal, meter: { requests: 0, bytes: 0 } };
  return { registry, server, host: server.url.host, call };
}
