import { describe, expect, it } from 'vitest';
import { requiring, evidenceOf, provenanceItem } from '../../../test/support/policies.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { candidate } from '../../../test/support/promotion/promoted.ts';
import { evidenceReader, type EvidenceReader } from '../../attest/evidence/reader.ts';
import { PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { NO_POLICIES } from '../../policy/policies.ts';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { proveLater } from './prove-later.ts';

const { wanted } = candidate(1);
const policies = { ...NO_POLICIES, provenance: [requiring()] };
const manifest: Manifest = {
  bytes: new Uint8Array(),
  descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: wanted.digest, size: 0 },
};

/** A reader that finds nothing, but for what it reads of one image. */
const reading = (read: EvidenceReader['read']): EvidenceReader => ({
  ...evidenceReader({
    registry: memoryRegistry(),
    manifestOf: () => Promise.resolve(undefined),
    verifier: () => expect.unreachable('nothing is attached'),
  }),
  read,
});
const there = { manifest: () => Promise.resolve(manifest) };

describe('src/phases/signing/prove-later.ts', () => {
  it('judges what staging has by the policies of the image', async () => {
    const evidence = reading(() => Promise.resolve(evidenceOf([provenanceItem()])));
    const prove = proveLater({ evidence, isExpected: () => false }, there);
    expect(await prove({ wanted: { ...wanted, policies } }, testContext().context)).toMatchObject({
      judgement: { result: 'passed', level: 3 },
    });
  });

  it('returns undefined for an image that staging no longer has, without reading its evidence', async () => {
    const evidence = reading(() => expect.unreachable('nothing is there'));
    const gone = { manifest: () => Promise.resolve(undefined) };
    const prove = proveLater({ evidence, isExpected: () => false }, gone);
    expect(await prove({ wanted: { ...wanted, policies } }, testContext().context)).toBeUndefined();
  });

  it('throws with a hint if staging cannot be read', async () => {
    const denied = new PromotionError('DENIED', 'listing: 403', { hint: 'grant reading' });
    const evidence = reading(() => Promise.reject(denied));
    const prove = proveLater({ evidence, isExpected: () => false }, there);
    await expect(prove({ wanted: { ...wanted, policies } }, testContext().context)).rejects.toMatchObject({
      name: 'PromotionError',
      code: 'DENIED',
      hint: 'grant reading',
    });
  });
});
