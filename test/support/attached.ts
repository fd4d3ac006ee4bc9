import { realClock } from '../../src/clock.ts';
import type { Signing } from '../../src/attest/open-signing.ts';
import { publisher } from '../../src/attest/publish.ts';
import type { DigestSigning } from '../../src/attest/sign-image.ts';
import { attacher } from '../../src/registry/referrers.ts';
import type { Registry } from '../../src/registry/roles.ts';
import { subjectQueue } from '../../src/registry/subject-queue.ts';

/** What one process signs and records with: its own queue, and what it remembers of the registry. */
export async function digestSigning(
  registry: Registry,
  signing: Signing,
  format: DigestSigning['format'] = 'both',
): Promise<DigestSigning> {
  const signal = new AbortController().signal;
  const queue = subjectQueue(async () => undefined);
  return {
    registry,
    queue,
    publisher: publisher({ registry, queue, attacher: attacher(registry, queue), clock: realClock() }),
    signer: await signing.signer(signal),
    verifier: await signing.verifier(signal),
    format,
    version: 'kpromo-v1.0.0',
  };
}
