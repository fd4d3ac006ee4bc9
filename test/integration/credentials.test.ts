import { afterEach, describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { AuthOptions } from '../support/registry/auth.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const USERS = { me: 'hunter2' };
const encoded = (text: string): string => Buffer.from(text).toString('base64');
const LABELS = ['A', 'B', 'C'];

let registries: TestRegistry[] = [];
afterEach(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
  registries = [];
});

/** Staging for everybody and a mirror that wants to know who comes. */
async function opened(auth: AuthOptions): Promise<{ readonly staging: TestRegistry; readonly mirror: TestRegistry }> {
  const [staging, mirror] = [await startRegistry(), await startRegistry({ auth, keepLog: true })];
  registries = [staging, mirror];
  for (const label of LABELS) storeImage(staging.store, 'staging/app', imageOf(label));
  return { staging, mirror };
}

type Way = { readonly from: string; readonly to: string; readonly labels: readonly string[] };

async function promote(
  staging: TestRegistry,
  mirror: TestRegistry,
  entryOfHost: unknown,
  { from, to, labels }: Way = { from: 'staging', to: 'prod', labels: LABELS },
): Promise<CipRun> {
  const HOME = await homeWith({ '.docker/config.json': { auths: { [mirror.host]: entryOfHost } } });
  await using tree = await writeTree([
    {
      name: 'app',
      from: `${staging.host}/${from}`,
      to: [`${mirror.host}/${to}`],
      entries: labels.map((label) => entry('app', label, label.toLowerCase())),
    },
  ]);
  return await cip(['--manifests', tree.path, '--confirm', '--sign=false'], { env: { HOME } });
}

const complete = (mirror: TestRegistry): void =>
  expect(mirror.snapshot()['prod/app']?.tags).toEqual(
    Object.fromEntries(LABELS.map((label) => [label.toLowerCase(), digestOfLabel(label)])),
  );

describe('credentials over a whole promotion', () => {
  it.each<[string, unknown]>([
    ['a password', { auth: encoded('me:hunter2') }],
    ['an identity token', { auth: encoded('me:'), identitytoken: 'refresh' }],
  ])('promotes with %s, and goes on when all tokens become invalid in the middle', async (_kind, login) => {
    const auth: AuthOptions = { scheme: 'bearer', users: USERS, identityTokens: { refresh: 'me' } };
    const { staging, mirror } = await opened(auth);
    const seen: string[] = [];
    // At some requests, but never again at one that is repeated for that: a registry that always forgets serves nobody.
    mirror.inject(({ kind, nth, path }) => {
      const isRepeated = seen.includes(path);
      seen.push(path);
      if (isRepeated) return undefined;
      if ((kind === 'put' && nth % 3 === 0) || (kind === 'putManifest' && nth === 2)) mirror.expireTokens();
      return undefined;
    });
    expect((await promote(staging, mirror, login)).code).toBe(0);
    complete(mirror);
    expect(mirror.counters.counts().statuses['401']).toBeGreaterThan(2);
    expect(mirror.openUploads()).toBe(0);
  });

  it('goes on when an overloaded registry refuses a good password now and then', async () => {
    const { staging, mirror } = await opened({ scheme: 'basic', users: USERS });
    let taken = 0;
    const refused = new Set<string>();
    mirror.inject(({ headers, method, path }) => {
      taken += headers.authorization === undefined ? 0 : 1;
      // Twice in a row for one request is taken for a no.
      const isSpared = refused.has(`${method} ${path}`);
      if (taken > 5 && taken % 7 === 0) refused.add(`${method} ${path}`);
      return taken > 5 && taken % 7 === 0 && !isSpared
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="busy"' }, readBody: true }
        : undefined;
    });
    expect((await promote(staging, mirror, { auth: encoded('me:hunter2') })).code).toBe(0);
    complete(mirror);
  });

  it('asks its helper again when ECR says in a 403 that the token has expired', async () => {
    const { staging, mirror } = await opened({ scheme: 'basic', users: { AWS: 'P2' } });
    const body = '{"message":"Your Authorization Token has expired. Please reauthenticate and try again."}';
    const old = `Basic ${encoded('AWS:P1')}`;
    mirror.inject(({ headers }) => (headers.authorization === old ? { status: 403, body, readBody: true } : undefined));
    const HOME = await homeWith({
      '.docker/config.json': { credHelpers: { [mirror.host]: 'ecr' } },
      'bin/docker-credential-ecr':
        '#!/bin/sh\ncat > /dev/null\necho x >> "$HOME/asked"\nn=$(wc -l < "$HOME/asked" | tr -d " ")\necho "{\\"Username\\":\\"AWS\\",\\"Secret\\":\\"P$n\\"}"\n',
    });
    await using tree = await writeTree([
      {
        name: 'app',
        from: `${staging.host}/staging`,
        to: [`${mirror.host}/prod`],
        entries: LABELS.map((label) => entry('app', label, label.toLowerCase())),
      },
    ]);
    const env = { HOME, PATH: `${HOME}/bin:/usr/bin:/bin` };
    const run = await cip(['--manifests', tree.path, '--confirm', '--sign=false'], { env });
    expect([run.code, mirror.counters.counts().statuses['403']]).toEqual([0, expect.any(Number)]);
    complete(mirror);
  });

  it('asks for the right to the source repository, too, before it mounts from there', async () => {
    const { mirror } = await opened({ scheme: 'bearer', users: USERS });
    for (const label of LABELS) storeImage(mirror.store, 'staging/app', imageOf(label));
    expect((await promote(mirror, mirror, { auth: encoded('me:hunter2') })).code).toBe(0);
    complete(mirror);
    const { mounts, kinds } = mirror.counters.counts();
    expect(mounts).toBeGreaterThan(0);
    expect([kinds.put, kinds.getBlob]).toEqual([undefined, undefined]);
  });

  it.each([
    ['first', 'staging', 'prod'],
    ['last', 'staging', 'prod'],
    ['first', 'prod', 'staging'],
    ['last', 'prod', 'staging'],
  ] as const)(
    'uploads where a token server hears only the %s of two scopes, from %s to %s',
    async (hears, from, to) => {
      const mirror = await startRegistry({ auth: { scheme: 'bearer', users: USERS, hears }, keepLog: true });
      registries = [mirror];
      storeImage(mirror.store, `${from}/app`, imageOf('A'));
      const run = await promote(mirror, mirror, { auth: encoded('me:hunter2') }, { from, to, labels: ['A'] });
      expect([run.code, mirror.snapshot()[`${to}/app`]?.tags]).toEqual([0, { a: digestOfLabel('A') }]);
      expect(mirror.counters.counts().kinds.put).toBeGreaterThan(0);
    },
  );

  it('waits for a token server that limits its rate', async () => {
    const { staging, mirror } = await opened({ scheme: 'bearer', users: USERS });
    mirror.inject(({ kind, nth }) =>
      kind === 'token' && nth <= 2 ? { status: 429, headers: { 'retry-after': '0.05' } } : undefined,
    );
    expect((await promote(staging, mirror, { auth: encoded('me:hunter2') })).code).toBe(0);
    complete(mirror);
    expect(mirror.counters.counts().statuses['429']).toBe(2);
  });
});
