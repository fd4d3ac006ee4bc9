import { describe, expect, it } from 'vitest';
import { digestSigning } from '../../test/support/attached.ts';
import { buildImage, storeImage } from '../../test/support/registry/images.ts';
import { openedSigning } from '../../test/support/signing.ts';
import { memoryRegistry } from '../registry/memory.ts';
import { attachedTo } from './attached.ts';
import { signDigest } from './sign-image.ts';

const call = { signal: new AbortController().signal };

describe('src/attest/sign-image.ts', () => {
  it('signs', async () => {
    const { signing, sigstore } = await openedSigning();
    const registry = memoryRegistry();
    const { digest } = storeImage(registry.store('a.test'), 'app', buildImage({ seed: 1 }), ['v1']);
    const services = await digestSigning(registry, signing);
    const target = { repository: 'a.test/app', digest, reference: 'prod.test/app' };
    expect(await signDigest(services, target, call)).toBe('written');
    expect(await attachedTo(registry, services.verifier, 'a.test/app', digest, call)).toMatchObject([
      { form: 'sig', kind: 'signature', references: ['prod.test/app'], verdict: { status: 'verified' } },
      { form: 'bundle', kind: 'signature', references: ['prod.test/app'], verdict: { status: 'verified' } },
    ]);
    const before = sigstore.counts();
    expect(await signDigest(services, target, call)).toBe('there');
    expect(sigstore.counts()).toEqual(before);
  });
});
