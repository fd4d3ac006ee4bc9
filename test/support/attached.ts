import type { Signing } from '../../src/attest/signing/open.ts';
import { publisher } from '../../src/attest/attached/publish.ts';
import type { DigestSigning } from '../../src/attest/writing/sign-digest.ts';
import { realClock, type Clock } from '../../src/clock.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { attacher } from '../../src/registry/attaching/attacher.ts';
import type { Registry } from '../../src/registry/roles.ts';
import { subjectLock, type SubjectLock } from '../../src/registry/attaching/lock.ts';
import { oddRegistry, type OddRegistry } from './odd-registry.ts';
import { buildImage, storeImage, type BuiltImage } from './registry/images.ts';
import type { RegistryOptions } from './registry/options.ts';
import { openedSigning, signingIn, type SigningWorld } from './signing.ts';

/** On this clock every list that was read is young, however slow the machine. */
function standingClock(): Clock {
  const start = Date.now();
  return { ...realClock(), now: () => start };
}

/** What one process signs and records with: what it remembers of the registry, and its own lock unless one is given. */
export async function digestSigning(
  registry: Registry,
  signing: Signing,
  format: DigestSigning['format'] = 'both',
  lock: SubjectLock = subjectLock(async () => undefined),
  clock: Clock = standingClock(),
): Promise<DigestSigning> {
  const signal = new AbortController().signal;
  return {
    registry,
    lock,
    publisher: publisher({ attacher: attacher(registry, lock), clock }),
    signer: await signing.signer(signal),
    verifier: await signing.verifier(signal),
    format,
    version: 'kpromo-v1.0.0',
  };
}

/** A registry with one image at `app:v1`, and a Sigstore that signs it. */
export type SignedWorld = OddRegistry &
  SigningWorld & {
    readonly repository: string;
    readonly subject: Descriptor;
    readonly signing: Signing;
    readonly services: DigestSigning;
    /** Somebody else who signs, with the same Sigstore and in the same lock. */
    stranger(format?: DigestSigning['format']): Promise<DigestSigning>;
    /** How many requests changed the registry since it was last reset, and how many asked for signatures ever. */
    effects(): { readonly writes: number; readonly signed: number };
  };

/** Lives as long as the test. */
export async function signedWorld({
  registry: options = {},
  image = buildImage({ seed: 1 }),
  format = 'both',
}: {
  readonly registry?: RegistryOptions;
  readonly image?: BuiltImage;
  readonly format?: DigestSigning['format'];
} = {}): Promise<SignedWorld> {
  const odd = await oddRegistry(options);
  const { signing, ...world } = await openedSigning();
  const { sigstore } = world;
  const subject = storeImage(odd.server.store, 'app', image, ['v1']);
  const services = await digestSigning(odd.registry, signing, format);
  return {
    ...odd,
    ...world,
    repository: `${odd.host}/app`,
    subject,
    signing,
    services,
    stranger: async (theirs = 'both') => {
      const env = { SIGSTORE_ID_TOKEN: sigstore.token({ email: 'stranger@example.com' }) };
      return digestSigning(odd.registry, await signingIn(world, { env }), theirs, services.lock);
    },
    effects: () => {
      const { fulcio, rekor, timestamp } = sigstore.counts();
      const writes = odd.server.counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length;
      return { writes, signed: fulcio + rekor + timestamp };
    },
  };
}
