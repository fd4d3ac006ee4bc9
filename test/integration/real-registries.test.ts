import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { orSkip } from '../support/programs.ts';
import { startDistribution, startDistributions, startReferrersRegistry } from '../support/real-registries.ts';
import type { RealRegistry } from '../support/real-registries.ts';

const ping = async (address: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(`http://${address}/v2/`, { headers })).status;

const stopAfterTest = <T extends RealRegistry>(registry: T): T => {
  onTestFinished(() => registry.stop());
  return registry;
};

describe('test/support/real-registries', () => {
  // These tests are about what is started here, not about what the environment offers.
  beforeEach(() => void vi.stubEnv('KPROMO_TEST_STAGING', undefined));
  afterEach(() => void vi.unstubAllEnvs());

  it('starts a distribution registry and ends it', async (context) => {
    const registry = await orSkip(context, () => startDistribution());
    expect(await ping(registry.address)).toBe(200);
    await registry.stop();
  });

  it('starts as many different registries as are asked for', async (context) => {
    const registries = await orSkip(context, () => startDistributions(3));
    for (const registry of registries) stopAfterTest(registry);
    expect(new Set(registries.map(({ address }) => address)).size).toBe(3);
  });

  it('starts one that wants the given user and password', async (context) => {
    const htpasswd = { user: 'promoter', password: 'p:ss' };
    const { address } = stopAfterTest(await orSkip(context, () => startDistribution({ htpasswd })));
    const basic = (text: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    expect(await ping(address)).toBe(401);
    expect(await ping(address, basic('promoter:wrong'))).toBe(401);
    expect(await ping(address, basic('promoter:p:ss'))).toBe(200);
  });

  it('starts one with the referrers API, and one without it', async (context) => {
    for (const [referrers, status] of [
      [true, 200],
      [false, 404],
    ] as const) {
      const { address } = stopAfterTest(await orSkip(context, () => startReferrersRegistry({ referrers })));
      await fetch(`http://${address}/v2/app/manifests/latest`, {
        method: 'PUT',
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
        body: '{}',
      });
      expect((await fetch(`http://${address}/v2/app/referrers/sha256:${'0'.repeat(64)}`)).status).toBe(status);
    }
  });

  it('takes the registries of the environment instead, and refuses too few of them', async () => {
    vi.stubEnv('KPROMO_TEST_STAGING', 'staging.example:5000');
    vi.stubEnv('KPROMO_TEST_MIRRORS', 'one.example, two.example');
    const registries = await startDistributions(3);
    expect(registries.map(({ address }) => address)).toEqual(['staging.example:5000', 'one.example', 'two.example']);
    await expect(startDistributions(4)).rejects.toThrow('must name 4 registries for this test, they name 3');
  });
});
