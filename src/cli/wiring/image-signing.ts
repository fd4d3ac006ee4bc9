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

type ImageSigningOptions = {
  readonly signing: Signing;
  readonly flags: Pick<SigningOptions, 'signatureFormat' | 'signTagless' | 'maxSignatureOps'> &
    Partial<Pick<SigningOptions, 'builderId'>>;
  /** They show the pushes of this run, as `ownPushes` does. */
  readonly registries: Pick<Registries, 'registry' | 'lock' | 'isRouted'>;
  readonly clock: Clock;
  /** With its leading `v`. */
  readonly version: string;
  /** Returns the Git location of an entry's file; called when there is a record to write. */
  readonly facts: () => Promise<(file: string) => ManifestFact>;
  readonly job?: RecordFacts['job'];
};

/** An image, with all attachments of it and its platforms. */
type Image = Pick<SignRequest, 'repository' | 'digest'>;

/** Opens signing services on first use, and only once, even if opening fails. */
export type DigestOpener = {
  /** Returns services that sign and attach to one image and its platforms. `list` writes their lists. */
  readonly open: (image: Image, signal: AbortSignal) => Promise<DigestSigning>;
  /** Adds the attachments of the image and its platforms to the registry's lists, with one write per list. */
  readonly list: (image: Image, call: Call) => Promise<void>;
  readonly settle: NonNullable<SigningServices['settle']>;
};

/** Creates an opener; opens nothing yet. */
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
    settle: attaching.tags.settle,
  };
}

/** Creates the services that sign and record in registries. */
export function imageSigning(
  options: ImageSigningOptions,
  { open, list, settle }: DigestOpener = digestOpener(options),
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
    settle,
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
