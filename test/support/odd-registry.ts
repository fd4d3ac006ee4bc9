import { onTestFinished } from 'vitest';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack, type HttpStackOptions } from '../../src/http/stack.ts';
import { distributionRegistry } from '../../src/registry/distribution/index.ts';
import type { DistributionServices } from '../../src/registry/distribution/services.ts';
import type { Call, Registry } from '../../src/registry/roles.ts';
import type { RegistryOptions } from './registry/options.ts';
import { startRegistry, type TestRegistry } from './registry/server.ts';
import { patientClock } from './patient-clock.ts';

/** The client of real registries over our test registry; `host` names it. */
export type OddRegistry = {
  readonly registry: Registry;
  readonly server: TestRegistry;
  readonly host: string;
  readonly call: Call;
  /** `METHOD path` of every request so far. */
  asked(): string[];
};

/** Lives as long as the test; waits are a hundredth of what they would be. */
export async function oddRegistry(
  options: RegistryOptions = {},
  given: Partial<DistributionServices> = {},
  stackOptions: Partial<HttpStackOptions> = {},
): Promise<OddRegistry> {
  const server = await startRegistry(options);
  const clock = patientClock(100);
  const { fetch, close } = httpStack({ clock, random: () => 0, ...stackOptions });
  onTestFinished(async () => {
    await close();
    await server.close();
  });
  const registry = distributionRegistry({
    fetch,
    clock,
    pause: jitteredPause(clock, () => 0),
    baseUrl: (host) => new URL(`http://${host}`),
    ...given,
  });
  const asked = (): string[] => server.counters.log.map(({ method, path }) => `${method} ${path}`);
  return { registry, server, host: server.host, call: { signal: new AbortController().signal }, asked };
}
