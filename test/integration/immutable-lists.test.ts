import { describe, expect, it } from 'vitest';
import { fallbackTag } from '../../src/registry/attaching/attacher.ts';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import type { CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import type { TestRegistry } from '../support/registry/server.ts';

const image = buildImage({ seed: 1 });
const other = buildImage({ seed: 2 });
const { digest } = image.manifest.descriptor;
const errors = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('error '));

const listWrites = ({ counters }: TestRegistry): number =>
  counters.log.filter(({ method, path }) => method === 'PUT' && path.endsWith(fallbackTag(digest))).length;

/** Registries that keep no lists of referrers, and let no tag be moved. */
const opened = (): Promise<SigningStage> => signingStage(3, { registry: { referrers: false, immutableTags: true } });

describe('registries without lists of referrers, with immutable tags', () => {
  it('get everything that is attached to an image, with one write of its list, and mirrors the same', async () => {
    const stage = await opened();
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    const run = await stage.run([project], ['--confirm', '--replicate-signatures']);
    expect([run.code, errors(run)]).toEqual([0, []]);
    for (const mirror of stage.mirrors) {
      const attached = await stage.attached(`${mirror.host}/prod/app`, digest);
      expect(attached.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
        'record bundle verified',
        'signature bundle verified',
        'signature sig verified',
      ]);
      expect(listWrites(mirror)).toBe(1);
    }
    stage.taken();
    const again = await stage.run([project], ['--confirm', '--replicate-signatures']);
    expect([again.code, errors(again)]).toEqual([0, []]);
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0, timestamp: 0 });
  });

  it('get no signature while a list cannot be written, in no run, and are told how to change that', async () => {
    const stage = await opened();
    for (const one of [image, other]) storeImage(stage.staging.store, 'staging/app', one);
    const project = stage.project([
      ['app', digest, 'v1'],
      ['app', other.manifest.descriptor.digest, 'v2'],
    ]);
    // somebody else's list, which tells of nothing
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }));
    for (const { store } of stage.mirrors)
      store.putManifest('prod/app', fallbackTag(digest), MEDIA_TYPES.ociIndex, list);
    const flags = ['--confirm', '--signature-format=bundle'];
    for (const nth of [1, 2]) {
      stage.taken();
      const run = await stage.run([project], [...flags, '--repair-since=all']);
      expect(run.code).toBe(1);
      expect(errors(run).join('\n')).toContain('does not let it be changed');
      expect(run.log.join('\n') + run.summary).toContain('exempt the tags `sha256-*` from tag immutability');
      // the other image is signed and recorded by the first run
      expect(stage.taken()).toMatchObject({ rekor: nth === 1 ? 2 : 0 });
    }
  });
});
