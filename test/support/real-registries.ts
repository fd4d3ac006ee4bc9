import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { hash } from 'bcryptjs';

import type { Digest } from '../../src/image/digest.ts';
import { freePort, startProcess } from './processes.ts';
import type { ServerProcess } from './processes.ts';
import type { TokenServer } from './token-server.ts';
import { findProgram, missing, requireProgram } from './programs.ts';

/** Somebody else's registry on plain HTTP, `address` as `host:port`; `stop` ends it and drops what it holds. */
export type RealRegistry = {
  readonly address: string;
  /** Where it keeps a blob, if it is a distribution registry of ours. */
  fileOf?(digest: Digest): string;
  stop(): Promise<void>;
};

type DistributionOptions = {
  readonly htpasswd?: { readonly user: string; readonly password: string };
  /** Takes the tokens of this server, and no others. */
  readonly tokens?: Pick<TokenServer, 'auth' | 'root'>;
};

/** The ports that docker-compose.yml serves on: staging, then the mirrors. */
export const COMPOSE_PORTS: readonly number[] = [5000, 5001, 5002, 5003];

/** Starting takes Debian's docker-registry about 0.1 s: only what hangs must fail. */
const START_TIMEOUT_MS = 300_000;

/** A port that was free a moment ago is taken by others about once in a thousand times. */
const PORT_ATTEMPTS = 5;

/** Sent by each registry that we start, with the name of its folder. */
const ID_HEADER = 'X-Kpromo-Test';

/**
 * One `registry:2` (distribution 2.8): KPROMO_TEST_STAGING where that is set, else Debian's docker-registry, else
 * docker compose. A registry from the environment or from compose outlives the test: name repositories apart.
 */
export async function startDistribution(options: DistributionOptions = {}): Promise<RealRegistry> {
  if (options.htpasswd !== undefined || options.tokens !== undefined)
    return startOwnRegistry(requireProgram('docker-registry'), options);
  const [registry] = await startDistributions(1);
  return registry as RealRegistry;
}

/** Like startDistribution, `count` different ones: staging, then mirrors (KPROMO_TEST_MIRRORS, comma separated). */
export async function startDistributions(count: number): Promise<readonly RealRegistry[]> {
  const addresses = addressesFromEnvironment();
  if (addresses !== undefined) return given(addresses, count, 'KPROMO_TEST_STAGING and KPROMO_TEST_MIRRORS');
  const found = findProgram('docker-registry');
  if ('path' in found) return Promise.all(Array.from({ length: count }, () => startOwnRegistry(found.path)));
  if (composeUp())
    return given(
      COMPOSE_PORTS.map((port) => `localhost:${port}`),
      count,
      'docker-compose.yml',
    );
  throw missing(`${found.reason}, and there is no docker compose that works`);
}

/** One registry of distribution 3, built with Go. */
export async function startDistribution3(options: DistributionOptions = {}): Promise<RealRegistry> {
  return startOwnRegistry(requireProgram('registry'), options);
}

/** A registry with the referrers API (`referrers: false`: without), in memory, built from referrers-registry/. */
export async function startReferrersRegistry(options: { readonly referrers?: boolean } = {}): Promise<RealRegistry> {
  const server = startProcess(requireProgram('referrers-registry'), [`-referrers=${options.referrers ?? true}`]);
  const address = await Promise.race([
    firstLine(server),
    server.ended.then((words) => fail('referrers-registry', words)),
  ]);
  return { address, stop: server.stop };
}

function addressesFromEnvironment(): readonly string[] | undefined {
  const staging = process.env['KPROMO_TEST_STAGING'];
  const mirrors = process.env['KPROMO_TEST_MIRRORS'] ?? '';
  return staging
    ? [
        staging,
        ...mirrors
          .split(',')
          .map((mirror) => mirror.trim())
          .filter((mirror) => mirror !== ''),
      ]
    : undefined;
}

function given(addresses: readonly string[], count: number, where: string): readonly RealRegistry[] {
  if (addresses.length < count)
    throw new Error(`${where} must name ${count} registries for this test, they name ${addresses.length}`);
  return addresses.slice(0, count).map((address) => ({ address, stop: () => Promise.resolve() }));
}

/** True when the registries of docker-compose.yml are up; they stay up, for the next test, until `docker compose down`. */
function composeUp(): boolean {
  const file = join(import.meta.dirname, '..', '..', 'docker-compose.yml');
  return spawnSync('docker', ['compose', '-f', file, 'up', '-d', '--wait'], { stdio: 'ignore' }).status === 0;
}

async function startOwnRegistry(program: string, options: DistributionOptions = {}): Promise<RealRegistry> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePort(program, options);
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnFreePort(program: string, options: DistributionOptions): Promise<RealRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-distribution-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'config.yml');
  await writeFile(config, JSON.stringify(await distributionConfig(folder, address, options)));
  const server = startProcess(program, ['serve', config]);
  const ended = new AbortController();
  const stop = async (): Promise<void> => {
    ended.abort();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([answers(address, folder, ended.signal), server.ended.then((words) => fail(program, words))]);
  } catch (error) {
    await stop();
    throw error;
  }
  const fileOf = (digest: Digest): string => {
    const [algorithm = '', hex = ''] = digest.split(':');
    return join(folder, 'storage/docker/registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data');
  };
  return { address, fileOf, stop };
}

/** https://distribution.github.io/distribution/about/configuration/ ; JSON is YAML too. */
async function distributionConfig(
  folder: string,
  address: string,
  { htpasswd, tokens }: DistributionOptions,
): Promise<object> {
  const base = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
    http: { addr: address, secret: 'shared by nobody', headers: { [ID_HEADER]: [folder] } },
  };
  if (tokens !== undefined) {
    const rootcertbundle = join(folder, 'root.pem');
    await writeFile(rootcertbundle, tokens.root);
    return { ...base, auth: { token: { ...tokens.auth, rootcertbundle } } };
  }
  if (htpasswd === undefined) return base;
  const path = join(folder, 'htpasswd');
  // Four rounds are the least that bcrypt allows; every request pays for them.
  await writeFile(path, `${htpasswd.user}:${await hash(htpasswd.password, 4)}\n`);
  return { ...base, auth: { htpasswd: { realm: 'kpromo tests', path } } };
}

/** Waits until this very registry answers: another process may have taken the port since it was found free. */
async function answers(address: string, id: string, ended: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(START_TIMEOUT_MS)]);
  for (;;) {
    try {
      const response = await fetch(`http://${address}/v2/`, { signal });
      await response.body?.cancel();
      if (response.headers.get(ID_HEADER) === id) return;
    } catch (error) {
      if (signal.aborted) throw new Error(`no docker-registry of ours answers at ${address}`, { cause: error });
    }
    await sleep(20, undefined, { signal });
  }
}

function firstLine(server: ServerProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    server.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')).trim());
    });
  });
}

function fail(program: string, words: string): never {
  throw new Error(`${program} ended before it answered; its last words: ${words || '(none)'}`);
}
