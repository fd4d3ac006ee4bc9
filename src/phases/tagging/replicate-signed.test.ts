import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import { PromotionError } from '../../errors.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { sourceReader } from '../../registry/source.ts';
import type { Replicator } from '../../mirroring/replicator.ts';
import { replicateSigned, type SignedCopy } from './replicate-signed.ts';
import { countTraffic } from '../reading/traffic.ts';

const at = { file: 'images.yaml', line: 3, column: 5 };
const MIRRORS = ['b.test/app', 'c.test/app'];

/** Two images on a primary, the first of which has a signature there; with what became of their copies. */
async function replicated(copy: Replicator['copy']) {
  const batch = { list: async () => undefined, attach: async () => undefined, write: async () => undefined };
  const replicator: Replicator = { copy, batch: () => batch, list: async (copied) => copied, settle: async () => [] };
  const registry = memoryRegistry();
  const [signed, bare] = [1, 2].map((seed) => {
    const image = buildImage({ seed });
    storeImage(registry.store('a.test'), 'app', image);
    const { digest } = image.manifest.descriptor;
    const wanted = { name: 'app', source: 's.test/app', digest, tags: ['v1'], at, tagPositions: [] };
    return { wanted, primary: 'a.test/app', mirrors: MIRRORS } satisfies SignedCopy;
  });
  if (signed === undefined || bare === undefined) throw new Error('there are two');
  storeImage(registry.store('a.test'), 'app', buildImage({ seed: 3 }), [cosignTag(signed.wanted.digest, 'sig')]);
  const traffic = countTraffic();
  const { context, log } = testContext();
  const services = { registry, traffic, source: sourceReader(registry, traffic.of), replicator, copies: 2 };
  const { isLacking, failures } = await replicateSigned(services, [signed, bare], context);
  const lacking = (image: SignedCopy): readonly string[] => MIRRORS.filter((mirror) => isLacking(image, mirror));
  return { signed: lacking(signed), bare: lacking(bare), failures, log };
}

describe('src/phases/tagging/replicate-signed.ts', () => {
  const meter = { requests: 0, bytes: 0 };
  const done: Replicator['copy'] = async (lack) => {
    const results = lack.mirrors.map((repository) => ({ repository, attempts: 1, meter, ms: 0 }));
    return { lack, gone: false, results, sourceReads: 1 };
  };

  it('holds back only the image whose primary shows no signature', async () => {
    const { signed, bare, failures, log } = await replicated(done);
    expect([signed, bare]).toEqual([[], MIRRORS]);
    expect(failures).toMatchObject([
      { phase: 'tag', code: 'INCOMPLETE', refs: MIRRORS.map((mirror) => `${mirror}:v1`) },
    ]);
    expect(log.filter((line) => line.startsWith('error '))).toHaveLength(1);
  });

  it('holds back an image only on the mirror that did not get its signature', async () => {
    const error = new PromotionError('DENIED', 'writing: 403');
    const { signed, failures, log } = await replicated(async (...asked) => {
      const copied = await done(...asked);
      return {
        ...copied,
        results: copied.results.map((one) => (one.repository === 'c.test/app' ? { ...one, error } : one)),
      };
    });
    expect(signed).toEqual(['c.test/app']);
    expect(failures.map(({ code }) => code).toSorted()).toEqual(['DENIED', 'INCOMPLETE']);
    expect(log.filter((line) => line.startsWith('error '))).toHaveLength(2);
  });

  it('holds back an image whose attachment is gone, with a failure', async () => {
    const { signed, failures } = await replicated(async (lack) => ({ lack, gone: true, results: [], sourceReads: 0 }));
    expect(signed).toEqual(MIRRORS);
    expect(failures.filter(({ message }) => message.includes('is gone'))).toHaveLength(1);
  });
});
