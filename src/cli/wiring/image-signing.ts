import type { Signing } from '../../attest/signing/open.ts';
import { publisher } from '../../attest/attached/publish.ts';
import { recordDigest } from '../../attest/writing/record-digest.ts';
import type { ManifestFact, Promoter, RecordFacts } from '../../attest/formats/record.ts';
import { signDigest, type DigestSigning } from '../../attest/writing/sign-digest.ts';
import type { SigningServices, SignRequest } from '../../phases/signing/services.ts';
import type { Clock } from '../../clock.ts';
import { withPending } from '../../registry/attaching/pending-referrers.ts';
import { attacher, type AttachmentBatch } from '../../registry/attaching/attacher.ts';
import type { Call } from '../../registry/roles.ts';
import type { Registries } from './registries.ts';
import type { SigningOptions } from '../options/signing.ts';

export type ImageSigningOptions = {
  readonly signing: Signing;
  readonly flags: Pick<SigningOptions, 'signatureFormat' | 'signTagless' | 'maxSignatureOps'> &
    Partial<Pick<SigningOptions, 'builderId'>>;
  /** They show what was pushed through them, as `ownPushes` does. */
  readonly registries: Pick<Registries, 'registry' | 'lock' | 'isRouted'>;
  readonly clock: Clock;
  /** With its leading `v`. */
  readonly version: string;
  /** Where an entry's file stands in Git; asked when there is something to record. */
  readonly facts: () => Promise<(file: string) => ManifestFact>;
  readonly job?: RecordFacts['job'];
};

/** An image, with all that is attached to it and its platforms. */
type Image = Pick<SignRequest, 'repository' | 'digest'>;

/** What signs in the registries; opened when there is something to sign, and only once, well or not. */
export type DigestOpener = {
  /** What signs and attaches to one image and its platforms, whose lists are written by `list`. */
  readonly open: (image: Image, signal: AbortSignal) => Promise<DigestSigning>;
  /** Has lists tell what was attached to the image and its platforms, each list with one write. */
  readonly list: (image: Image, call: Call) => Promise<void>;
};

/** Opens nothing yet. */
export function digestOpener(options: Omit<ImageSigningOptions, 'facts' | 'job'>): DigestOpener {
  const { flags, registries, clock, version } = options;
  const { lock, isRouted } = registries;
  const attaching = attacher(registries.registry, lock, isRouted);
  const registry = withPending(registries.registry, attaching);
  const open = async (signal: AbortSignal): Promise<Omit<DigestSigning, 'publisher'>> => ({
    registry,
    lock,
    signer: await options.signing.signer(signal),
    verifier: await options.signing.ownVerifier(signal),
    format: flags.signatureFormat,
    version: `kpromo-${version}`,
  });
  let opened: ReturnType<typeof open> | undefined;
  const batches = new Map<string, AttachmentBatch>();
  return {
    open: async ({ repository, digest }, signal) => {
      const key = `${repository}@${digest}`;
      const batch = batches.get(key) ?? attaching.batch();
      batches.set(key, batch);
      const publish = publisher({ attacher: attaching, batch, clock });
      return { ...(await (opened ??= open(signal))), publisher: publish };
    },
    list: async ({ repository, digest }, call) => {
      const key = `${repository}@${digest}`;
      await batches.get(key)?.write(repository, call);
      batches.delete(key);
    },
  };
}

/** Signs and records in the registries. */
export function imageSigning(
  options: ImageSigningOptions,
  { open, list }: DigestOpener = digestOpener(options),
): SigningServices {
  const { flags, clock, version, job } = options;
  const time = clock.now();
  const promoter: Promoter = { version, builderId: flags.builderId };
  let facts: Promise<(file: string) => ManifestFact> | undefined;
  return {
    prepare: async (signal) => void (await options.signing.ownVerifier(signal)),
    isSigned: ({ tags }) => tags.length > 0 || flags.signTagless,
    concurrency: flags.maxSignatureOps,
    list,
    sign: async (request, call) => signDigest(await open(request, call.signal), request, call),
    record: async ({ repository, digest, reference, tags, wanted }, call) => {
      const factOf = await (facts ??= options.facts());
      const about = { reference, digest, tags, time, promoter, job };
      const place = wanted && { source: wanted.source, manifest: factOf(wanted.at.file) };
      return recordDigest(
        await open({ repository, digest }, call.signal),
        { repository, facts: { ...about, ...place } },
        call,
      );
    },
  };
}
