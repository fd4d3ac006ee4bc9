import { allOf } from '../../async/all-of.ts';
import { PromotionError } from '../../errors.ts';
import { isIndexType, type Descriptor, type Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { imagesIn } from '../../registry/image/platforms.ts';
import type { Call, Registry } from '../../registry/roles.ts';
import type { SubjectLock } from '../../registry/attaching/lock.ts';
import type { Meanwhile } from '../../registry/attaching/attacher.ts';
import { bundlesIn, bundlesOf } from '../attached/bundles.ts';
import { signaturesOf, type Place } from '../attached/tags.ts';
import { isBy, type Attached } from '../attached/types.ts';
import { carriedBundle } from './carried-bundle.ts';
import { signaturePayload } from '../formats/cosign-layer.ts';
import type { Publisher } from '../attached/publish.ts';
import type { LegacySignature, Signer, Verifier } from '../roles.ts';
import { SIGNATURE, signatureStatement } from '../formats/statement.ts';

/** Services for signing and recording images in a repository. */
export type DigestSigning = {
  readonly registry: Registry;
  readonly lock: SubjectLock;
  readonly publisher: Publisher;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly format: 'both' | 'legacy' | 'bundle';
  /** The signing program for upstream's annotation (`kpromo-v1.2.3`). Default: omitted. */
  readonly version?: string;
};

/** One digest of a repository, and the reference that is signed. */
export type SignTarget = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly reference: RepositoryName;
  /** A repository whose signatures of the digest are carried as well. */
  readonly staging?: RepositoryName | undefined;
};

/** Whether a signature was written now, or found and verified. */
export type Done = 'written' | 'there';

/**
 * Signs a digest under its reference, in each requested form, after its children, each digest once. Keeps existing
 * signatures of ours that verify, and those of others. Throws NOT_FOUND if the repository does not have it.
 */
export async function signDigest(services: DigestSigning, target: SignTarget, call: Call): Promise<Done> {
  const manifest = await readSubject(services.registry, target.repository, target.digest, call);
  const { registry } = services;
  const images = await imagesIn(manifest, target.repository, (one) =>
    registry.readManifest(target.repository, one, call),
  );
  const signIt = (image: Descriptor): Promise<Done> =>
    signOne(services, { ...target, digest: image.digest }, image, call);
  const done = await allOf(images.filter((one) => !isIndexType(one.mediaType)).map(signIt));
  for (const index of images.filter((one) => isIndexType(one.mediaType))) done.push(await signIt(index));
  return done.includes('written') ? 'written' : 'there';
}

/** Reads the manifest that is signed or recorded. */
export async function readSubject(
  registry: Registry,
  repository: RepositoryName,
  digest: Digest,
  call: Call,
): Promise<Manifest> {
  const manifest = await registry.readManifest(repository, digest, call);
  if (manifest !== undefined) return manifest;
  throw new PromotionError('NOT_FOUND', `${repository}@${digest} does not exist and cannot be signed`, {
    side: 'destination',
    hint: 'promote it first, or find out why it was deleted',
  });
}

/** Returns the lock name for signing or recording a digest. */
export function subjectName({ repository, digest }: Pick<SignTarget, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`;
}

function signOne(services: DigestSigning, target: SignTarget, subject: Descriptor, call: Call): Promise<Done> {
  const sign = async (): Promise<Done> => {
    const written = await allOf([signInTag(services, target, call), signInBundle(services, target, subject, call)]);
    return written.includes(true) ? 'written' : 'there';
  };
  return services.lock.run(subjectName(target), sign, call.signal);
}

async function signInTag(services: DigestSigning, target: SignTarget, call: Call): Promise<boolean> {
  const { registry, verifier, signer, publisher, format, version } = services;
  const { repository, digest, reference, staging } = target;
  // cosign's tag of a sha512 would be longer than tags may be
  const isWanted = format !== 'bundle' && digest.startsWith('sha256:');
  const [there, staged] = await Promise.all([
    isWanted ? signaturesOf({ registry, repository, digest }, verifier, call) : [],
    staging === undefined ? [] : signaturesOf({ registry, repository: staging, digest }, verifier, call),
  ]);
  const isOurs = isSignatureOf(signer, reference);
  const hasOurs = !isWanted || staged.some(isOurs) || hasOne(there, isOurs);
  const kept = carriedOf(staged, isOurs);
  const carried = kept.flatMap(({ signature }) => signature ?? []);
  if (!hasOurs && there.length > 0) await publisher.check(repository, digest, 'sig', call);
  const ours = hasOurs ? [] : [await signer.signPayload(signaturePayload(reference, digest, version), call.signal)];
  const signatures = [...ours, ...carried];
  // Another job may have signed the digest since the tag was read.
  const choose = async ({ descriptor }: Manifest): Promise<readonly LegacySignature[]> => {
    if (ours.length === 0 || there.some(({ manifest }) => manifest === descriptor.digest)) return signatures;
    return hasOne(await signaturesOf({ registry, repository, digest }, verifier, call), isOurs) ? carried : signatures;
  };
  return signatures.length > 0 && publisher.signatures(repository, digest, signatures, call, choose);
}

/** Honest images have one to three. Anyone who can push to staging can add any number of valid signatures. */
const MAX_CARRIED = 50;
/** Most projects have one or two, made with keys that are unknown here. */
const MAX_UNVERIFIABLE = 5;

/** Returns the signatures of staging that are carried: ours, then verified ones, then a few unverifiable ones. */
function carriedOf<T extends Attached>(staged: readonly T[], isOurs: (attached: Attached) => boolean): readonly T[] {
  const verified = staged.filter(({ verdict }) => verdict.status === 'verified');
  const unverifiable = staged.filter(({ verdict }) => verdict.status === 'unverifiable').slice(0, MAX_UNVERIFIABLE);
  const kept = [...verified.filter(isOurs), ...verified.filter((one) => !isOurs(one)), ...unverifiable];
  return kept.slice(0, MAX_CARRIED);
}

async function signInBundle(
  services: DigestSigning,
  target: SignTarget,
  subject: Descriptor,
  call: Call,
): Promise<boolean> {
  const { registry, verifier, format } = services;
  const theirs = await stagedBundles(services, target, call);
  // if cosign finds a bundle it ignores the `.sig` tag
  if (format === 'legacy' && theirs.length === 0) return false;
  const there = await bundlesOf({ registry, ...target }, verifier, call, [SIGNATURE]);
  const isSigned = await ensureBundle(services, target, subject, there, call);
  const known = new Set(there.map(({ manifest }) => manifest));
  const missing = theirs.filter(({ manifest }) => !known.has(manifest));
  return (await carrySignatures(services, target, missing, call)) || isSigned;
}

/** Returns the carried signatures that staging has as bundles. */
async function stagedBundles(
  { registry, verifier, signer }: DigestSigning,
  { staging, digest, reference }: SignTarget,
  call: Call,
): Promise<readonly Attached[]> {
  if (staging === undefined) return [];
  const staged = await bundlesOf({ registry, repository: staging, digest }, verifier, call, [SIGNATURE]);
  const isOurs = isSignatureOf(signer, reference);
  const theirs = staged.filter((one) => one.form === 'bundle' && one.kind === 'signature' && !isOurs(one));
  return carriedOf(theirs, isOurs);
}

/** Copies signatures of staging unchanged; returns false if there are none. */
async function carrySignatures(
  { registry, publisher }: DigestSigning,
  { repository, digest, staging = repository }: SignTarget,
  signatures: readonly Attached[],
  call: Call,
): Promise<boolean> {
  let isWritten = false;
  for (const { manifest, content, verdict } of signatures) {
    if (content === undefined) continue;
    const judged = { manifest, content, predicateType: SIGNATURE, signer: verdict.identity };
    const attachment = await carriedBundle(registry, { staging, digest }, judged, call);
    if (typeof attachment === 'string') continue;
    await publisher.attach(repository, attachment, call);
    isWritten = true;
  }
  return isWritten;
}

/** Attaches our signature as a bundle unless it exists. */
export async function ensureBundle(
  { registry, verifier, signer, publisher, version }: Omit<DigestSigning, 'format'>,
  { repository, digest, reference }: SignTarget,
  subject: Descriptor,
  there: readonly Attached[],
  call: Call,
): Promise<boolean> {
  const isOurs = isSignatureOf(signer, reference);
  const isWanted = (one: Attached): boolean => one.form === 'bundle' && isOurs(one);
  if (hasOne(there, isWanted)) return false;
  const place = { registry, repository, digest };
  const { clock } = publisher;
  const meanwhile = attachedSince(there, { place, verifier, type: SIGNATURE, clock }, isWanted, call);
  await publisher.check(repository, digest, 'bundle', call);
  const bytes = await signer.signStatement(signatureStatement(reference, digest, version), call.signal);
  const bundle = { bytes, predicateType: SIGNATURE, identity: signer.identity, meanwhile };
  await publisher.bundle(repository, subject, bundle, call);
  return true;
}

/** Milliseconds; reading a list again takes as long, so that it would show no more than one that is so young. */
const YOUNG = 250;

/** Finds what another job attached after `there` was read, which was now. Reads only referrers that are new in the list. */
export function attachedSince(
  there: readonly Attached[],
  {
    place,
    verifier,
    type,
    clock,
  }: Pick<DigestSigning, 'verifier'> & Pick<Publisher, 'clock'> & { place: Place; type: string },
  isWanted: (attached: Attached) => boolean,
  call: Call,
): Meanwhile {
  const known = new Set(there.map(({ manifest }) => manifest));
  const readAt = clock.now();
  return {
    isThere: async (listed) => {
      const fresh = listed.filter(({ digest }) => !known.has(digest));
      return fresh.length > 0 && (await bundlesIn(fresh, place, verifier, call, [type])).some(isWanted);
    },
    isStale: () => clock.now() - readAt > YOUNG,
  };
}

function isSignatureOf({ identity }: Signer, reference: string): (attached: Attached) => boolean {
  return (attached) =>
    attached.kind === 'signature' && isBy(identity, attached) && attached.references.includes(reference);
}

/** Returns true if one item matches; throws if an unreadable item may be the one. */
export function hasOne(all: readonly Attached[], isWanted: (attached: Attached) => boolean): boolean {
  if (all.some(isWanted)) return true;
  const unread = all.find(({ error }) => error !== undefined);
  if (unread?.error !== undefined) throw unread.error;
  return false;
}
