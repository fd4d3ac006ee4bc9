import type { Signing } from '../attest/open-signing.ts';
import { publisher } from '../attest/publish.ts';
import { recordDigest } from '../attest/record-image.ts';
import type { ManifestFact, Promoter, RecordFacts } from '../attest/record.ts';
import { signDigest, type DigestSigning } from '../attest/sign-image.ts';
import type { SigningServices } from '../phases/signing.ts';
import type { Clock } from '../clock.ts';
import { attacher } from '../registry/referrers.ts';
import type { Registries } from './services.ts';
import type { SigningOptions } from './signing-options.ts';

export type ImageSigningOptions = {
  readonly signing: Signing;
  readonly flags: SigningOptions;
  readonly registries: Pick<Registries, 'registry' | 'queue'>;
  readonly clock: Clock;
  /** With its leading `v`. */
  readonly version: string;
  /** Where an entry's file stands in Git; asked when there is something to record. */
  readonly facts: () => Promise<(file: string) => ManifestFact>;
  readonly job?: RecordFacts['job'];
};

/** Opens what signs in the registries; when there is something to sign, and only once, well or not. */
export type OpenDigestSigning = (signal: AbortSignal) => Promise<DigestSigning>;

/** Opens nothing yet. */
export function digestOpener(options: Omit<ImageSigningOptions, 'facts' | 'job'>): OpenDigestSigning {
  const { flags, registries, clock, version } = options;
  const { registry, queue } = registries;
  const publish = publisher({ registry, queue, clock, attacher: attacher(registry, queue) });
  const open = async (signal: AbortSignal): Promise<DigestSigning> => ({
    registry,
    queue,
    publisher: publish,
    signer: await options.signing.signer(signal),
    verifier: await options.signing.ownVerifier(signal),
    format: flags.signatureFormat,
    version: `kpromo-${version}`,
  });
  let opened: Promise<DigestSigning> | undefined;
  return (signal) => (opened ??= open(signal));
}

/** Signs and records in the registries. */
export function imageSigning(
  options: ImageSigningOptions,
  open: OpenDigestSigning = digestOpener(options),
): SigningServices {
  const { flags, clock, version, job } = options;
  const time = clock.now();
  const promoter: Promoter = { version, ...(flags.builderId !== undefined && { builderId: flags.builderId }) };
  let facts: Promise<(file: string) => ManifestFact> | undefined;
  return {
    prepare: async (signal) => void (await options.signing.ownVerifier(signal)),
    isSigned: ({ tags }) => tags.length > 0 || flags.signTagless,
    concurrency: flags.maxSignatureOps,
    sign: async (request, call) => signDigest(await open(call.signal), request, call),
    record: async ({ repository, digest, reference, tags, wanted }, call) => {
      const factOf = await (facts ??= options.facts());
      const about = { reference, digest, tags, time, promoter, ...(job !== undefined && { job }) };
      const place = wanted && { source: wanted.source, manifest: factOf(wanted.at.file) };
      return recordDigest(await open(call.signal), { repository, facts: { ...about, ...place } }, call);
    },
  };
}
