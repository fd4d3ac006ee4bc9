import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { RepositoryName } from '../../src/image/reference.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import type { Fault, FaultRequest } from '../support/registry/faults.ts';
import { HASTE, leaks, promote } from '../support/secret-run.ts';
import { echoOf, helper, MARK, secretWorld, shownBy, signed, type SecretWorld } from '../support/secret-world.ts';
import { patientClock } from '../support/patient-clock.ts';

/** What each call of the registry client throws in this world. */
async function thrown(world: SecretWorld): Promise<readonly unknown[]> {
  const registries = openRegistries({
    env: world.env,
    clock: patientClock(HASTE),
    narrate: () => {},
    random: Math.random,
  });
  const { registry } = registries;
  const call = { signal: new AbortController().signal };
  const blob = { mediaType: 'application/octet-stream', digest: digestOf(Buffer.from('x')), size: 1 };
  const uploaded = async (repository: RepositoryName): Promise<void> => {
    const upload = await registry.startBlob(repository, blob, undefined, call);
    if (upload !== 'mounted') await upload.send(Buffer.from('x'), call);
  };
  const collected = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => {
    let size = 0;
    for await (const chunk of chunks) size += chunk.length;
    return size;
  };
  const calls = [world.staging, ...world.mirrors]
    .map(({ host }) => `${host}/prod/app`)
    .flatMap((repository) => [
      registry.readManifest(repository, digestOfLabel('A'), call),
      registry.resolveManifest(repository, 'v1', call),
      registry.listRepository(repository, call),
      uploaded(repository),
      collected(registry.readBlob(repository, blob, call)),
    ]);
  const outcomes = await Promise.allSettled(calls);
  await registries.close();
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
}

const json = { 'content-type': 'application/json' };
const told =
  (status: number, code: string) =>
  (request: FaultRequest): Fault => ({
    status,
    headers: json,
    body: JSON.stringify({ errors: [{ code, message: `denied: ${echoOf(request)}` }] }),
  });
const only =
  (kinds: readonly string[], fault: (request: FaultRequest) => Fault) =>
  (request: FaultRequest): Fault | undefined =>
    kinds.includes(request.kind) ? fault(request) : undefined;
const WRITES = ['put', 'putManifest'];
const READS = ['list', 'getManifest', 'headManifest', 'getBlob', 'headBlob'];

type Trouble = (request: FaultRequest, world: SecretWorld) => Fault | undefined;
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'refuses everything, and repeats what it was told': told(403, 'DENIED'),
  'refuses writes with what it was told': only(WRITES, told(403, 'DENIED')),
  'takes no password and no token': only([...READS, ...WRITES], told(401, 'UNAUTHORIZED')),
  'fails with a page that repeats the request': only(READS, (request) => ({
    status: 500,
    headers: { 'content-type': 'text/html' },
    body: `<html><title>Error at ${echoOf(request)}</title></html>`,
  })),
  'fails in plain text on writes': only(WRITES, (request) => ({
    status: 400,
    headers: { 'content-type': 'text/plain' },
    body: echoOf(request),
  })),
  'orders to wait for hours': only(READS, (request) => ({
    ...(told(429, 'TOOMANYREQUESTS')(request) as { status: 429 }),
    headers: { 'retry-after': '36000' },
  })),
  'cuts connections': only([...READS, ...WRITES], () => 'reset'),
  'cuts answers short': only(READS, () => 'truncate'),
  'falls silent': only(READS, () => 'silent'),
  'gives no token, and repeats what it was told': only(['token'], told(401, 'UNAUTHORIZED')),
  'breaks when it is asked for a token': only(['token'], told(500, 'UNKNOWN')),
  'gives something else than a token': only(['token'], (request) => ({
    status: 200,
    headers: json,
    body: echoOf(request),
  })),
  'loses uploads whose address is secret': (request, { mirrors }) => {
    const location = `${mirrors[0]?.url}/v2/prod/app/blobs/uploads/gone?_state=${MARK}&${MARK}`;
    return request.kind === 'postUpload' ? { status: 202, headers: { location } } : undefined;
  },
  'uploads to a metadata address with a password': only(['postUpload'], () => ({
    status: 202,
    headers: { location: `http://me:${MARK}@169.254.169.254/?token=${MARK}` },
  })),
  'redirects to a signed address that refuses': (request, { storage }) =>
    request.kind === 'getBlob' ? { status: 307, headers: { location: signed(storage.url) } } : undefined,
  'redirects to a signed address where nobody listens': only(['getBlob'], () => ({
    status: 307,
    headers: { location: signed('http://127.0.0.1:9/') },
  })),
  'redirects to a signed metadata address': only([...READS], () => ({
    status: 307,
    headers: { location: signed(`http://user:${MARK}@169.254.169.254/`) },
  })),
  'redirects in a circle of signed addresses': only(['getBlob'], ({ path }) => ({
    status: 307,
    headers: { location: `${path}?sig=${MARK}` },
  })),
  'names a token server with a key in its address': only(READS, () => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="http://me:${MARK}@127.0.0.1:9/token?key=${MARK}",service="x"` },
  })),
};

describe('secrets', () => {
  it('are all used by a promotion that works, and none is shown', async () => {
    const world = await secretWorld();
    const run = await promote(world);
    expect([run.code, leaks(world, run.stdout + run.stderr)]).toEqual([0, []]);
    for (const mirror of world.mirrors) expect(mirror.snapshot()['prod/app']?.tags).toEqual({ v1: digestOfLabel('A') });
    expect(world.proxy.requests.length).toBeGreaterThan(0);
    expect(world.secrets().length).toBeGreaterThan(4);
    expect(run.stderr).toContain('level=trace');
  });

  it.each(Object.entries(TROUBLES))('are not shown when a registry %s', async (_what, trouble) => {
    const world = await secretWorld();
    world.trouble((request) => trouble(request, world));
    const run = await promote(world);
    expect([run.code, leaks(world, run.stdout + run.stderr)]).toEqual([1, []]);
    const errors = await thrown(world);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.flatMap((error) => leaks(world, shownBy(error) + String((error as Error).stack)))).toEqual([]);
  });

  it.each([
    ['says something else', helper(`password-${MARK}`)],
    ['gives half of an answer', helper(`{"Username":"me","Secret":"password-${MARK}"`)],
    ['fails after it gave an answer', `${helper(`{"Username":"me","Secret":"password-${MARK}"}`)}exit 3\n`],
    ['fails, and repeats a password', `#!/bin/sh\necho "no access for password=${MARK}" >&1\nexit 1\n`],
    ['fails, and repeats one on stderr', `#!/bin/sh\necho "no access for ${MARK}" >&2\nexit 1\n`],
  ])('are not shown when a helper %s', async (_what, script) => {
    const world = await secretWorld();
    await writeFile(join(world.home, 'bin/docker-credential-test'), script);
    const run = await promote(world);
    expect([run.code, leaks(world, run.stdout + run.stderr)]).toEqual([1, []]);
    expect((await thrown(world)).flatMap((error) => leaks(world, shownBy(error)))).toEqual([]);
  });

  it.each([
    ['is no JSON', `{"auths": {"x": {"auth": "${MARK}"}`],
    ['has another form', `{"auths": "${MARK}"}`],
    ['has a password that is no base64', `{"auths": {"HOST": {"auth": "${MARK}${MARK}"}}}`],
  ])('are not shown when the configuration of Docker %s', async (_what, text) => {
    const world = await secretWorld();
    await writeFile(join(world.home, '.docker/config.json'), text.replace('HOST', world.staging.host));
    const run = await promote(world);
    expect([run.code, leaks(world, run.stdout + run.stderr)]).toEqual([1, []]);
    expect((await thrown(world)).flatMap((error) => leaks(world, shownBy(error)))).toEqual([]);
  });

  it.each([
    ['does not take its password', (host: string) => `http://proxy:wrong-${MARK}@${host}`],
    ['is not there', () => `http://proxy:proxy-${MARK}@127.0.0.1:9`],
    ['has no valid address', () => `ftp://proxy:proxy-${MARK}@proxy.example`],
  ])('are not shown when the proxy %s', async (_what, address) => {
    const world = await secretWorld();
    const run = await promote(world, { HTTP_PROXY: address(world.proxy.url.host) });
    expect([run.code, leaks(world, run.stdout + run.stderr)]).toEqual([1, []]);
  });
});
