import { allOf } from '../../async/all-of.ts';
import { PromotionError } from '../../errors.ts';
import { isIndexType, type Descriptor, type Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { imagesIn } from '../../registry/image/platforms.ts';
import type { Call, Registry } from '../../registry/roles.ts';
import type { SubjectLock } from '../../registry/attaching/lock.ts';
import { bundlesOf } from '../attached/bundles.ts';
import { signaturesOf } from '../attached/tags.ts';
import { isBy, type Attached } from '../attached/types.ts';
import { carriedBundle } from './carried-bundle.ts';
import { signaturePayload } from '../formats/cosign-layer.ts';
import type { Publisher } from '../attached/publish.ts';
import type { Signer, Verifier } from '../roles.ts';
import { SIGNATURE, signatureStatement } from '../formats/statement.ts';

/** What is needed to sign and record what a repository holds. */
export type DigestSigning = {
  readonly registry: Registry;
  readonly queue: SubjectLock;
  readonly publisher: Publisher;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly format: 'both' | 'legacy' | 'bundle';
  /** What signs, as upstream records it (`kpromo-v1.2.3`); left out unless given. */
  readonly version?: string;
};

/** One digest of a repository, and the name that is signed. */
export type SignTarget = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly reference: RepositoryName;
  /** A repository whose signatures of the digest are to be kept, too. */
  readonly staging?: RepositoryName;
};

/** What was done: written now, or found there and verified. */
export type Done = 'written' | 'there';

/**
 * Signs a digest under its name, in each form that is wanted, after all that it consists of, each digest once. What verifies
 * as ours is left alone, and so is what others attached. Throws NOT_FOUND when the repository does not hold it.
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

/** The manifest that is signed or recorded. */
export async function readSubject(
  registry: Registry,
  repository: RepositoryName,
  digest: Digest,
  call: Call,
): Promise<Manifest> {
  const manifest = await registry.readManifest(repository, digest, call);
  if (manifest !== undefined) return manifest;
  throw new PromotionError('NOT_FOUND', `${repository}@${digest} is not there to be signed`, {
    side: 'destination',
    hint: 'promote it first, or find out who deleted it',
  });
}

/** Under which name a queue keeps apart those who sign or record the same digest. */
export function subjectName({ repository, digest }: Pick<SignTarget, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`;
}

function signOne(services: DigestSigning, target: SignTarget, subject: Descriptor, call: Call): Promise<Done> {
  const sign = async (): Promise<Done> => {
    const written = await allOf([signInTag(services, target, call), signInBundle(services, target, subject, call)]);
    return written.includes(true) ? 'written' : 'there';
  };
  return services.queue.run(subjectName(target), sign, call.signal);
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
  return signatures.length > 0 && publisher.signatures(repository, digest, signatures, call);
}

/** Honest images have one to three. Anyone who can push to staging can add any number of signatures that verify. */
const MAX_CARRIED = 50;
/** Made with keys that nobody names here, by pipelines of the project: one or two. */
const MAX_UNVERIFIABLE = 5;

/** The signatures of staging that are kept: ours, then what verifies, then a few that nobody here can verify. */
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
  // where cosign finds a bundle it looks at no `.sig` tag
  if (format === 'legacy' && theirs.length === 0) return false;
  const there = await bundlesOf({ registry, ...target }, verifier, call, [SIGNATURE]);
  const isSigned = await ensureBundle(services, target, subject, there, call);
  const known = new Set(there.map(({ manifest }) => manifest));
  const missing = theirs.filter(({ manifest }) => !known.has(manifest));
  return (await carrySignatures(services, target, missing, call)) || isSigned;
}

/** The signatures of others that staging has as bundles and that are kept. */
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

/** Brings signatures of staging byte for byte; false if there are none that can be. */
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

/** Attaches our signature as a bundle unless it is among those there. */
export async function ensureBundle(
  { signer, publisher, version }: Omit<DigestSigning, 'format'>,
  { repository, digest, reference }: SignTarget,
  subject: Descriptor,
  there: readonly Attached[],
  call: Call,
): Promise<boolean> {
  const isOurs = isSignatureOf(signer, reference);
  if (hasOne(there, (one) => one.form === 'bundle' && isOurs(one))) return false;
  await publisher.check(repository, digest, 'bundle', call);
  const bytes = await signer.signStatement(signatureStatement(reference, digest, version), call.signal);
  await publisher.bundle(repository, subject, { bytes, predicateType: SIGNATURE, identity: signer.identity }, call);
  return true;
}

function isSignatureOf({ identity }: Signer, reference: string): (attached: Attached) => boolean {
  return (attached) =>
    attached.kind === 'signature' && isBy(identity, attached) && attached.references.includes(reference);
}

/** Whether one of them is what is looked for; throws where one that could not be read may be it. */
export function hasOne(all: readonly Attached[], isWanted: (attached: Attached) => boolean): boolean {
  if (all.some(isWanted)) return true;
  const unread = all.find(({ error }) => error !== undefined);
  if (unread?.error !== undefined) throw unread.error;
  return false;
}
