import { describe, expect, it } from 'vitest';
import { SPDX } from '../support/evidence.ts';
import { policy, summaryWorld, told } from '../support/promotion/summary-world.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';

const image = buildImage({ seed: 1 });

describe('what policies accepted in staging', () => {
  it('reaches production and its mirrors byte for byte, SBOMs unless they are not wanted', async () => {
    const { stage, primary, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await build(image, SPDX);
    await promise([image], policy('require'));
    const plain = await run('--carry-sboms=false');
    expect([plain.code, plain.summary]).toEqual([0, expect.stringContaining('1 attestation carried')]);
    expect(told(await attached(image)).join('\n')).not.toContain(SPDX);
    const mirror = stage.mirrors.map(({ host }) => `${host}/prod/app`).find((name) => name !== primary) ?? '';
    for (const { store } of stage.mirrors) store.remove('prod/app', 'manifest', 'v1');
    expect((await run('--replicate-signatures')).code).toBe(0);
    const source = await attached(image, `${stage.staging.host}/staging/app`);
    for (const where of [primary, mirror]) {
      const there = (await attached(image, where)).map(({ manifest }) => manifest);
      expect(there).toEqual(expect.arrayContaining(source.map(({ manifest }) => manifest)));
    }
  });

  it('stays there with --sign=false', async () => {
    const { stage, promise, build, run, attached } = await summaryWorld();
    storeImage(stage.staging.store, 'staging/app', image);
    await build(image);
    await promise([image], policy('require'));
    expect((await run('--sign=false', '--verification-summaries')).code).toBe(0);
    expect(await attached(image)).toEqual([]);
  });
});
