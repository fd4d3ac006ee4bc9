import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { ALL_TAGS, fillStaging, promoteConfigured, tagsOf, type Configured } from '../support/promotion/configured.ts';
import type { CipRun } from '../support/promotion/cip.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

/** More than is held in memory: such a blob is sent to all its mirrors while it is read. */
const LARGE = 12 * 1024 * 1024;

let staging: TestRegistry;
let mirror: TestRegistry;

const open = async (options: RegistryOptions = {}): Promise<void> => {
  mirror = await startRegistry(options);
};
beforeEach(async () => {
  staging = await startRegistry();
  fillStaging(staging);
});
afterEach(async () => {
  await staging.close();
  await mirror.close();
});

/** Promotes to the mirror, about which the configuration says this. */
function promote(settings: string, given: Partial<Configured> = {}): Promise<CipRun> {
  const registries = [`{ match: "${mirror.host}"${settings === '' ? '' : `, ${settings}`} }`];
  return promoteConfigured({ from: staging.host, to: [mirror.host], registries, ...given });
}

const paths = (): readonly string[] => mirror.counters.log.map(({ method, path }) => `${method} ${path}`);

describe('the registry configuration', () => {
  it.each([
    ['a promotion', ['--confirm', '--sign=false']],
    ['a dry run', []],
    ['a look at the manifests alone', ['--parse-only']],
  ])('stops %s before anything is asked when it is wrong', async (_what, flags) => {
    await open();
    const { code, stderr } = await promote('mounts: false', { flags });
    expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([
      1,
      expect.stringMatching(/level=fatal .*registries\.yaml:3:\d+: .*unknown key .*mounts.*write .*mount/),
    ]);
    expect([staging.counters.counts().requests, mirror.counters.counts().requests]).toEqual([0, 0]);
  });

  it('is told not to be there', async () => {
    await open();
    const { code, stderr } = await promoteConfigured({
      from: staging.host,
      to: [mirror.host],
      flags: ['--registry-config=/nonexistent/registries.yaml'],
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('/nonexistent/registries.yaml: there is no such file')]);
  });

  it('lists without digests where it says so, and believes an empty listing where it says Google', async () => {
    await open({ google: true });
    await promote('');
    const heads = async (settings: string): Promise<number> => {
      mirror.counters.reset();
      expect((await promote(settings, { flags: [] })).code).toBe(0);
      return mirror.counters.counts().kinds.headManifest ?? 0;
    };
    expect([await heads(''), await heads('listing: google'), await heads('listing: tags')]).toEqual([0, 0, 2]);
  });

  it('never asks for a mount where it says so', async () => {
    await open();
    fillStaging(mirror);
    expect((await promote('mount: false', { from: mirror.host })).code).toBe(0);
    expect(paths().filter((path) => path.startsWith('POST') && path.includes('mount='))).toEqual([]);
    expect(tagsOf(mirror)).toEqual(ALL_TAGS);
  });

  it('asks for mounts where it says nothing', async () => {
    await open();
    fillStaging(mirror);
    expect((await promote('', { from: mirror.host })).code).toBe(0);
    expect(mirror.counters.counts().mounts).toBeGreaterThan(0);
  });

  it('reads a large blob once for two repositories that may not mount it from each other', async () => {
    await open();
    const image = buildImage({ seed: 9, layers: [LARGE] });
    const { digest } = storeImage(staging.store, 'staging/app', image);
    const to = [`${mirror.host}/a`, `${mirror.host}/b`];
    const { code } = await promote('mount: false', { to, entries: [['app', digest, 'v1']] });
    expect(code).toBe(0);
    const layer = String(image.blobs.find(({ descriptor }) => descriptor.size === LARGE)?.descriptor.digest);
    const reads = staging.counters.log.filter(({ method, path }) => method === 'GET' && path.endsWith(layer));
    expect(reads).toHaveLength(1);
  });

  it('sets the timeouts of a host', async () => {
    await open();
    mirror.inject(({ kind, nth }) => (kind === 'postUpload' && nth === 1 ? 'silent' : undefined));
    const flags = ['--confirm', '--sign=false', '--log-level=debug'];
    const { code, stderr } = await promote('timeouts: { headers: 1500ms }', { flags });
    expect([code, tagsOf(mirror)]).toEqual([0, ALL_TAGS]);
    expect(stderr).toContain('no response within 1.5 s');
  });

  it('chooses the source of credentials', async () => {
    await open({ auth: { scheme: 'basic', users: { me: 'hunter2' } } });
    const auth = Buffer.from('me:hunter2').toString('base64');
    const env = { HOME: await homeWith({ '.docker/config.json': { auths: { [mirror.host]: { auth } } } }) };
    const none = await promote('credentials: none', { env });
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('UNAUTHORIZED')]);
    const other = await promote('credentials: google', { env });
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('UNAUTHORIZED')]);
    expect((await promote('credentials: docker', { env })).code).toBe(0);
    expect(tagsOf(mirror)).toEqual(ALL_TAGS);
  });

  it('sets how many requests are under way at once', async () => {
    await open({ latencyMs: 20 });
    expect((await promote('limits: { concurrency: 3, start: 5000, burst: 1 }')).code).toBe(0);
    expect(mirror.counters.counts().concurrency).toBe(3);
  });

  it('limits the rate', async () => {
    await open();
    const started = performance.now();
    expect((await promote('limits: { start: 20, ceiling: 20, burst: 1 }', { speed: 1 })).code).toBe(0);
    const { requests } = mirror.counters.counts();
    expect((performance.now() - started) / 1000).toBeGreaterThan((requests - 3) / 20);
  });

  it('makes way for --max-wait, after which a registry has failed', async () => {
    await open();
    mirror.inject(({ kind }) => (kind === 'list' ? { status: 429, headers: { 'retry-after': '300' } } : undefined));
    const flags = ['--confirm', '--sign=false', '--max-wait=2m'];
    const { code, stderr } = await promote('', { flags, speed: 1 });
    expect([code, stderr]).toEqual([1, expect.stringContaining('PAUSED_TOO_LONG')]);
    expect(stderr).toContain('--max-wait');
  });
});
