import { TEST_SPEED } from '../support/promotion/cip.ts';
import { describe, expect, it } from 'vitest';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack } from '../../src/http/stack.ts';
import { distributionRegistry } from '../../src/registry/distribution/index.ts';
import type { Fault, FaultRequest } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { registryContract } from './registry.contract.ts';
import type { ContractSkips } from './registry.subject.ts';
import { patientClock } from '../support/patient-clock.ts';

/** The kinds of registry that the client must support, each a set of options of the test registry. */
const KINDS: readonly { readonly name: string; readonly options: RegistryOptions; readonly skips?: ContractSkips }[] = [
  { name: 'a registry with the Google extension', options: { google: true } },
  { name: 'a registry that lists tags by pages of five', options: { pageSize: 5 } },
  { name: 'a registry without digest headers', options: { omitDigestHeader: true } },
  {
    name: 'a registry that refuses HEADs of manifests',
    options: { fault: ({ kind }) => (kind === 'headManifest' ? { status: 405 } : undefined) },
  },
  {
    name: 'a registry that does not mount',
    options: { mounts: false },
    skips: { mount: 'this registry does not mount' },
  },
  { name: 'a registry without lists of referrers', options: { referrers: false } },
  { name: 'a registry that does not say that it lists a referrer', options: { referrers: 'unannounced' } },
  {
    name: 'a registry that tells of referrers as little as it may',
    options: { referrers: 'bare' },
    skips: { 'referrer types': 'this registry does not list them' },
  },
];

for (const { name, options, skips } of KINDS) {
  const servers: TestRegistry[] = [];
  registryContract(
    `the client of ${name}`,
    async () => {
      const server = await startRegistry({
        ...options,
        fault: async (request) => (await options.fault?.(request)) ?? refuse(request),
      });
      servers.push(server);
      const clock = patientClock(TEST_SPEED);
      const { fetch, close } = httpStack({ clock });
      return {
        registry: distributionRegistry({
          fetch,
          clock,
          pause: jitteredPause(clock, Math.random),
          baseUrl: (host) => new URL(`http://${host}`),
        }),
        host: server.host,
        listing: options.google === true ? 'digests' : 'tags',
        unauthorized: `${server.host}/unauthorized`,
        denied: `${server.host}/denied`,
        close: async () => {
          await close();
          await server.close();
        },
      };
    },
    skips,
  );

  describe(`the client of ${name} in the contract`, () => {
    it('sends only requests that the specification defines, and leaves no upload open', () => {
      expect(servers.flatMap(({ unexpected }) => unexpected)).toEqual([]);
      expect(servers.map((server) => server.openUploads())).toEqual([0]);
    });
  });
}

function refuse({ repository }: FaultRequest): Fault | undefined {
  if (repository === 'unauthorized')
    return { status: 401, body: '{"errors":[{"code":"UNAUTHORIZED","message":"log in"}]}' };
  if (repository === 'denied') return { status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' };
  return undefined;
}
