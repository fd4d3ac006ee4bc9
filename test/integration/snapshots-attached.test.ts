import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { fallbackTag } from '../../src/registry/attaching/attacher.ts';
import { homeWith } from '../support/home.ts';
import { cip } from '../support/promotion/cip.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

describe('kpromo cip --snapshot', () => {
  describe.each([
    { name: 'lists of digests', options: { google: true } },
    { name: 'lists of tags and fallback tags', options: { referrers: false } },
    { name: 'lists of digests and fallback tags', options: { google: true, referrers: false } },
  ])('of a signed registry with $name', ({ options }) => {
    const signed = async (): Promise<{ readonly registry: TestRegistry; readonly image: string }> => {
      const registry = await startRegistry({ ...options, allowMissing: true });
      onTestFinished(() => registry.close());
      const image = buildImage({ seed: 1 });
      const { digest, mediaType, size } = storeImage(registry.store, 'prod/app', image, ['v1']);
      storeImage(registry.store, 'prod/app', buildImage({ seed: 2 }), [cosignTag(digest, 'sig')]);
      const subject = { mediaType, digest, size };
      const bytes = Buffer.from(
        JSON.stringify({
          ...(JSON.parse(Buffer.from(buildImage({ seed: 3 }).manifest.bytes).toString()) as object),
          subject,
        }),
      );
      const referrer = digestOf(bytes);
      registry.store.putManifest('prod/app', referrer, MEDIA_TYPES.ociManifest, bytes);
      const list = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [{ mediaType: MEDIA_TYPES.ociManifest, digest: referrer, size: bytes.length }],
      };
      if ('referrers' in options)
        registry.store.putManifest(
          'prod/app',
          fallbackTag(digest),
          MEDIA_TYPES.ociIndex,
          Buffer.from(JSON.stringify(list)),
        );
      return { registry, image: digest };
    };

    it('leaves out what is attached, says so, and includes it if asked', async () => {
      const { registry, image } = await signed();
      const { code, stdout, log } = await cip(['--snapshot', `${registry.host}/prod`, '--minimal-snapshot']);
      expect([code, stdout.match(/sha256:[0-9a-f]{64}/g)]).toEqual([0, [image]]);
      expect(log.some((line) => line.includes('--snapshot-attached includes them'))).toBe(true);
      const all = await cip(['--snapshot', `${registry.host}/prod`, '--snapshot-attached']);
      expect(all.stdout).toContain(`${image.replace(':', '-')}.sig`);
    });
  });

  it('warns of a list that its registry may have cut', async () => {
    const registry = await startRegistry({ google: true, allowMissing: true });
    onTestFinished(() => registry.close());
    const image = buildImage({ seed: 1 });
    storeImage(
      registry.store,
      'prod/app',
      image,
      Array.from({ length: 10_000 }, (_, index) => `v${index}`),
    );
    const config = `version: 1\nregistries:\n- match: "${registry.host}"\n  kind: artifact-registry\n`;
    const folder = await homeWith({ 'registries.yaml': config });
    const args = ['--registry-config', join(folder, 'registries.yaml'), '--output=csv'];
    const { code, log } = await cip(['--snapshot', `${registry.host}/prod`, ...args]);
    expect(code).toBe(0);
    expect(log.filter((line) => line.includes('may have cut it'))).toHaveLength(1);
  });
});
