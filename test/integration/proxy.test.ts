import { describe, expect, it } from 'vitest';
import { authority } from '../support/certificates.ts';
import { ALL_TAGS, fillStaging, promoteConfigured, tagsOf, type Configured } from '../support/promotion/configured.ts';
import type { CipRun } from '../support/promotion/cip.ts';
import { startProxy, type TestProxy } from '../support/proxy.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';

const ca = authority('test');

// No DNS knows these names (RFC 6761): whatever arrives came through the proxy.
const STAGING = 'staging.test:5000';
const MIRROR = 'mirror.test';

type Site = AsyncDisposable & {
  readonly staging: TestRegistry;
  readonly mirror: TestRegistry;
  readonly proxy: TestProxy;
  /** The proxy's address with a user and this password. */
  address(password: string): string;
};

/** Staging over plain HTTP and a mirror over HTTPS, both known to a proxy that wants a password. */
async function openSite(): Promise<Site> {
  const [staging, mirror] = [await startRegistry(), await startRegistry()];
  const front: TlsFront = await startTlsFront(mirror.host, ca.issue('mirror', [MIRROR]));
  const hosts = { [STAGING]: staging.host, [`${MIRROR}:443`]: front.host };
  const proxy = await startProxy({ hosts, credentials: 'me:hunter2' });
  fillStaging(staging);
  return {
    staging,
    mirror,
    proxy,
    address: (password) => `http://me:${password}@${proxy.url.host}`,
    [Symbol.asyncDispose]: async () => {
      for (const one of [proxy, front, staging, mirror]) await one[Symbol.asyncDispose]();
    },
  };
}

const REACHED = [`{ match: "${STAGING}", insecure: true }`, `{ match: ${MIRROR}, ca: ca.pem }`];

function promote(given: Partial<Configured>): Promise<CipRun> {
  return promoteConfigured({
    from: STAGING,
    to: [MIRROR],
    files: { 'ca.pem': ca.cert },
    registries: REACHED,
    flags: ['--confirm', '--sign=false', '--log-level=trace'],
    ...given,
  });
}

describe('a proxy', () => {
  it('is used as the environment says, for HTTPS and plain HTTP, and its password stays with it', async () => {
    await using site = await openSite();
    const address = site.address('hunter2');
    const { code, stdout, stderr } = await promote({ env: { HTTPS_PROXY: address, http_proxy: address } });
    expect([code, tagsOf(site.mirror)]).toEqual([0, ALL_TAGS]);
    expect(site.proxy.requests).toContain(`CONNECT ${MIRROR}:443`);
    expect(site.proxy.requests.filter((one) => one.startsWith(`GET http://${STAGING}/v2/`)).length).toBeGreaterThan(0);
    const headers = [...site.staging.counters.log, ...site.mirror.counters.log].map((entry) => entry.headers);
    expect(headers.filter((each) => 'proxy-authorization' in each)).toEqual([]);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('is used as the configuration says, whatever the environment says', async () => {
    await using site = await openSite();
    const registries = REACHED.map((one) => one.replace(' }', `, proxy: "${site.address('hunter2')}" }`));
    const { code, stderr } = await promote({ registries, env: { HTTPS_PROXY: 'http://nowhere.test', NO_PROXY: '*' } });
    expect([code, tagsOf(site.mirror)]).toEqual([0, ALL_TAGS]);
    expect(stderr).not.toContain('hunter2');
  });

  it('is left out for one host only', async () => {
    await using site = await openSite();
    await using direct = await startRegistry();
    const address = site.address('hunter2');
    const { code } = await promote({
      to: [MIRROR, direct.host],
      registries: [...REACHED, `{ match: "**", proxy: none }`],
      env: { HTTPS_PROXY: address, HTTP_PROXY: address },
    });
    expect([code, tagsOf(site.mirror), tagsOf(direct)]).toEqual([0, ALL_TAGS, ALL_TAGS]);
    expect(site.proxy.requests.filter((one) => one.includes(direct.host))).toEqual([]);
  });

  it('is not asked for what NO_PROXY exempts', async () => {
    await using site = await openSite();
    const address = site.address('hunter2');
    const env = { HTTPS_PROXY: address, HTTP_PROXY: address, NO_PROXY: `other.example,.test:443` };
    // Retries of a name that no one knows end after two minutes of this clock.
    const { code, stderr } = await promote({ env, to: [MIRROR, STAGING], speed: 1000 });
    expect([code, stderr]).toEqual([1, expect.stringContaining(MIRROR)]);
    expect(site.proxy.requests.filter((one) => one.includes(MIRROR))).toEqual([]);
    expect(site.proxy.requests.length).toBeGreaterThan(0);
  });

  it('that refuses us fails the run at once, with what to do', async () => {
    await using site = await openSite();
    const address = site.address('hunter3');
    // A retry would wait for longer than a test may take.
    const { code, stderr } = await promote({ env: { HTTPS_PROXY: address, HTTP_PROXY: address }, speed: 0.001 });
    expect([code, tagsOf(site.mirror)]).toEqual([1, undefined]);
    expect(stderr).toContain(`http://USER:PASSWORD@${site.proxy.url.host}`);
    expect(stderr).not.toContain('hunter3');
  });

  it('with an address that is none is refused before anything is asked', async () => {
    await using site = await openSite();
    const { code, stderr } = await promote({ env: { HTTPS_PROXY: 'socks5://me:hunter2@proxy.test' } });
    expect([code, stderr]).toEqual([1, expect.stringContaining('HTTPS_PROXY is not the address of an HTTP proxy')]);
    expect(stderr).not.toContain('hunter2');
    expect(site.staging.counters.counts().requests).toBe(0);
  });
});
