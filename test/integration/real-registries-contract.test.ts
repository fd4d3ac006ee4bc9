import { TEST_SPEED } from '../support/promotion/cip.ts';
import { randomUUID } from 'node:crypto';
import { registryContract } from '../contract/registry.contract.ts';
import type { ContractSkips, ContractSubject } from '../contract/registry.subject.ts';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { dockerLogins } from '../support/docker-config.ts';
import {
  startDistribution,
  startDistribution3,
  startReferrersRegistry,
  type RealRegistry,
} from '../support/real-registries.ts';
import { startTokenServer } from '../support/token-server.ts';
import { patientClock } from '../support/patient-clock.ts';

const LOGIN = { user: 'promoter', password: 'p:ss word' };

/** The client of a registry that others have written. */
async function subject(
  server: RealRegistry,
  env: Readonly<Record<string, string>> = {},
): Promise<ContractSubject & { close(): Promise<void> }> {
  const { registry, close } = openRegistries({
    env: { HOME: '/nonexistent', ...env },
    clock: patientClock(TEST_SPEED),
    narrate: () => undefined,
    random: Math.random,
  });
  return {
    registry,
    // A registry from the environment may outlive this test.
    host: `${server.address}/${randomUUID()}`,
    listing: 'tags',
    close: async () => {
      await close();
      await server.stop();
    },
  };
}

/** Two registries that want a password, of which the client has that of the first. */
async function withPassword(): Promise<ContractSubject> {
  const [known, unknown] = await Promise.all([1, 2].map(() => startDistribution({ htpasswd: LOGIN })));
  if (known === undefined || unknown === undefined) throw new Error('two registries were started');
  const logins = await dockerLogins([{ host: known.address, ...LOGIN }]);
  const opened = await subject(known, { DOCKER_CONFIG: logins.path });
  return {
    ...opened,
    unauthorized: `${unknown.address}/any`,
    close: async () => {
      await opened.close();
      await unknown.stop();
      await logins[Symbol.asyncDispose]();
    },
  };
}

/** A registry that wants tokens, of a server that gives none for one repository. */
async function withTokens(): Promise<ContractSubject> {
  const tokens = await startTokenServer({ ...LOGIN, allows: (repository) => repository !== 'unauthorized' });
  const server = await startDistribution3({ tokens });
  const logins = await dockerLogins([{ host: server.address, ...LOGIN }]);
  const opened = await subject(server, { DOCKER_CONFIG: logins.path });
  return {
    ...opened,
    unauthorized: `${server.address}/unauthorized`,
    close: async () => {
      await opened.close();
      await tokens.stop();
      await logins[Symbol.asyncDispose]();
    },
  };
}

const TOKENS: ContractSkips = { '403': 'this registry asks for another token instead' };

const OPEN: ContractSkips = {
  '401': 'this registry lets everybody in',
  '403': 'this registry lets everybody in',
};

registryContract('distribution 2.8 with a password', withPassword, {
  '403': 'this registry has users, but no rights of theirs',
});

registryContract('distribution 3 with tokens', withTokens, TOKENS);

registryContract("go-containerregistry's registry", async () => subject(await startReferrersRegistry()), {
  ...OPEN,
  mount: 'this registry does not mount, as it keeps all blobs in one place',
  'referrer types': "this registry gives the config's type as that of every artifact",
  'blobs by repository': 'this registry keeps all blobs in one place',
  'missing blobs': 'this registry does not look for the blobs of an image',
  'manifest by wrong digest': 'this registry stores a manifest under any digest',
});
