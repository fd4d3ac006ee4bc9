import { PromotionError } from '../errors.ts';
import { isIndexType } from '../image/descriptor.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { imagesIn, type ReadManifestOf } from '../registry/image/platforms.ts';
import type { Call, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import type { AttachedLack } from './lack.ts';

type Services = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly callTo: (repository: RepositoryName) => Call;
};

/** What is attached to an image that was just signed, for mirrors that have none of it. */
type SignedLacks = {
  /** The digest and its platforms. */
  readonly subjects: ReadonlySet<Digest>;
  readonly lacks: readonly Omit<AttachedLack, 'mirrors'>[];
};

/** Reads on the primary all that is attached to a signed digest and its platforms. Throws INCOMPLETE if one of them shows no signature. */
export async function signedLacks(
  { registry, source, callTo }: Services,
  primary: RepositoryName,
  digest: Digest,
): Promise<SignedLacks> {
  const call = callTo(primary);
  const read: ReadManifestOf = (one) => source.manifest(primary, one, call.signal);
  const root = await read(digest);
  if (root === undefined) throw incomplete(`${primary}@${digest} is not there any more`);
  const images = await imagesIn(root, primary, read);
  const lacksOf = async (image: (typeof images)[number]): Promise<SignedLacks['lacks']> => {
    const { digest: subject, mediaType } = image;
    const tag = cosignTag(subject, 'sig');
    const [signature, referrers] = await Promise.all([
      registry.resolveManifest(primary, tag, call),
      registry.listReferrers(primary, subject, call),
    ]);
    if (signature === undefined && referrers.length === 0)
      throw incomplete(`${primary} does not show the signature of ${subject}, which is there`);
    const about = { primary, subject, last: isIndexType(mediaType) };
    const bySubject = referrers.map((referrer) => ({ ...about, digest: referrer.digest }));
    return signature === undefined ? bySubject : [{ ...about, digest: signature.digest, tag }, ...bySubject];
  };
  const lacks = (await Promise.all(images.map(lacksOf))).flat();
  return { subjects: new Set(images.map((image) => image.digest)), lacks };
}

function incomplete(what: string): PromotionError {
  return new PromotionError('INCOMPLETE', what, { side: 'destination', hint: 'run again: tags wait until it shows' });
}
