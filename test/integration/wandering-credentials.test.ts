import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerLogins } from '../support/docker-config.ts';
import { cip } from '../support/promotion/cip.ts';
import { imageOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault, FaultRequest } from '../support/registry/faults.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const [OURS, THEIRS] = ['password-of-the-victim', 'password-of-the-evil'];
const basic = (password: string): string => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;

/** How an address of the victim can be written. */
const ADDRESSES: Readonly<Record<string, (host: string, path: string) => string>> = {
  'in full': (host, path) => `http://${host}${path}`,
  'with a login': (host, path) => `http://me:${OURS}@${host}${path}`,
  'with the evil as its user': (host, path) => `http://evil.example:80@${host}${path}`,
  'without a scheme': (host, path) => `//${host}${path}`,
  'with backslashes': (host, path) => `http:\\\\${host}${path.replaceAll('/', '\\')}`,
  'in capitals': (host, path) => `HTTP://${host.toUpperCase()}${path}`,
};

type Channel = (address: (path: string) => string) => (request: FaultRequest) => Fault | undefined;
const READS = ['list', 'getManifest', 'headManifest', 'getBlob', 'headBlob'];
const redirecting =
  (status: number, kinds: readonly string[]): Channel =>
  (address) =>
  ({ kind, path }) =>
    kinds.includes(kind) ? { status, headers: { location: address(path) } } : undefined;

/** Where a registry can name an address. */
const CHANNELS: Readonly<Record<string, Channel>> = {
  'the realm of a challenge':
    (address) =>
    ({ kind }) =>
      kind === 'token'
        ? undefined
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${address('/token')}",service="x"` } },
  'a redirect of reads (301)': redirecting(301, READS),
  'a redirect of reads (307)': redirecting(307, READS),
  'a redirect of writes (307)': redirecting(307, ['postUpload', 'put', 'putManifest']),
  'a redirect of writes (308)': redirecting(308, ['postUpload', 'put', 'putManifest']),
  'the location of an upload':
    (address) =>
    ({ kind }) =>
      kind === 'postUpload'
        ? { status: 202, headers: { location: address('/v2/prod/app/blobs/uploads/1') } }
        : undefined,
  'the next page of a list':
    (address) =>
    ({ kind }) =>
      kind === 'list'
        ? {
            status: 200,
            headers: {
              link: `<${address('/v2/prod/app/tags/list?n=2')}>; rel="next"`,
              'content-type': 'application/json',
            },
            body: '{"name":"prod/app","tags":["old"]}',
          }
        : undefined,
};

let staging: TestRegistry;
let evil: TestRegistry;
let victim: TestRegistry;

beforeEach(async () => {
  staging = await startRegistry({});
  evil = await startRegistry({ auth: { scheme: 'basic', users: { me: THEIRS } }, keepLog: true });
  victim = await startRegistry({ auth: { scheme: 'basic', users: { me: OURS } }, keepLog: true });
  storeImage(staging.store, 'staging/app', imageOf('A'), ['v1']);
  storeImage(victim.store, 'prod/app', imageOf('B'), ['old']);
});
afterEach(() => Promise.all([staging, evil, victim].map((registry) => registry.close())));

describe('credentials', () => {
  const cases = Object.entries(CHANNELS).flatMap(([channel, at]) =>
    Object.entries(ADDRESSES).map(([form, write]) => ({ channel, form, at, write })),
  );
  it.each(cases)('reach no other host through $channel, written $form', async ({ channel, at, write }) => {
    const before = victim.snapshot();
    evil.inject(at((path) => write(victim.host, path)));
    await using login = await dockerLogins([
      { host: victim.host, user: 'me', password: OURS },
      { host: evil.host, user: 'me', password: THEIRS },
    ]);
    await using tree = await writeTree([
      {
        name: 'app',
        from: `${staging.host}/staging`,
        to: [`${evil.host}/prod`],
        entries: [entry('app', 'A', 'v1')],
      },
    ]);
    const args = ['--manifests', tree.path, '--confirm', '--sign=false', '--timeout=5s'];
    await cip(args, { env: { DOCKER_CONFIG: login.path }, speed: 100 });
    expect(evil.counters.log.length).toBeGreaterThan(0);
    const sent = victim.counters.log.map(({ headers }) => headers.authorization);
    expect(sent).not.toContain(basic(OURS));
    // A registry says who gives tokens for it: that server, and nobody else, gets the registry's login.
    if (channel !== 'the realm of a challenge') expect(sent.filter((one) => one !== undefined)).toEqual([]);
    expect(evil.counters.log.map(({ headers }) => headers.authorization)).not.toContain(basic(OURS));
    expect(victim.snapshot()).toEqual(before);
  });
});
