import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const image = buildImage({ seed: 1 });
const digest = image.manifest.descriptor.digest;

describe('signing what is promoted', () => {
  it('signs and records once, on the primary, and writes and asks for nothing the next time', async () => {
    const stage = await signingStage(2);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1', 'v2']]);
    const first = await stage.run([project]);
    expect([first.code, first.log.filter((line) => line.startsWith('error'))]).toEqual([0, []]);
    const [primary] = stage.mirrors.map(({ host }) => `${host}/prod/app`).toSorted();
    expect(await stage.attached(primary ?? '', digest)).toEqual([
      `record bundle verified ${SIGNER.subject} ${primary}`,
      `signature bundle verified ${SIGNER.subject} ${primary}`,
      `signature sig verified ${SIGNER.subject} ${primary}`,
    ]);
    expect(stage.taken()).toMatchObject({ fulcio: 1, rekor: 3 });
    const second = await stage.run([project]);
    expect(second.code).toBe(0);
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0, timestamp: 0 });
  });
});
