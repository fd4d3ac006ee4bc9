import { asPromotionError, type PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { imagesIn, type ReadManifestOf } from '../../registry/image/platforms.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { sharedReader } from '../../registry/shared-reader.ts';
import { attachedTo } from '../attached/attached.ts';
import { judgeRecord, judgeSignature, type Expected, type Finding, type Judged } from './finding.ts';
import { judgedOnce } from '../verifying/cached.ts';
import type { LaterVerifier } from '../roles.ts';

export type CheckServices = {
  readonly registry: RegistryReader;
  readonly verifier: LaterVerifier;
  readonly isExpected: Expected['isExpected'];
  readonly callTo: (repository: RepositoryName) => Call;
};

/** One digest, all its repositories, and the expected signatures and records. */
export type CheckRequest = {
  /** The repository on the primary registry. */
  readonly repository: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
  /** The reference that its signatures must carry, or an earlier one. */
  readonly reference: string;
  readonly formerReferences?: readonly string[];
  readonly digest: Digest;
  readonly wants: { readonly signature: boolean; readonly record: boolean };
};

/** Reason of all findings for a missing image. */
export const NOT_THERE = 'the image is missing';

export type DigestCheck = {
  /** The digest and its platforms; empty if the primary does not have it. */
  readonly subjects: readonly Digest[];
  readonly findings: readonly Finding[];
  /** Repositories that could not be read; they have no findings. */
  readonly unread: readonly { readonly repository: RepositoryName; readonly error: PromotionError }[];
};

/**
 * Reads and verifies the attachments of a digest and its platforms, on the primary first and then on all mirrors. Equal
 * bytes are read and verified once.
 */
export async function checkDigest(services: CheckServices, request: CheckRequest): Promise<DigestCheck> {
  const { repository, mirrors } = request;
  const shared = {
    ...services,
    registry: sharedReader(services.registry),
    verifier: judgedOnce(services.verifier),
  };
  const { callTo } = services;
  const primary = await orError(callTo(repository), async () => {
    const read: ReadManifestOf = (one) => shared.registry.readManifest(repository, one, callTo(repository));
    const root = await read(request.digest);
    const images = root === undefined ? [] : await imagesIn(root, repository, read);
    const subjects = images.map(({ digest }) => digest);
    return { subjects, places: await lookAt(shared, request, repository, subjects) };
  });
  if ('error' in primary) return { subjects: [], findings: [], unread: [{ repository, error: primary.error }] };
  const { subjects, places } = primary;
  const others = await Promise.all(
    mirrors.map(async (mirror) => {
      const found = await orError(callTo(mirror), () => lookAt(shared, request, mirror, subjects, places));
      return { repository: mirror, found };
    }),
  );
  const unread = others.flatMap(({ repository: mirror, found }) =>
    'error' in found ? [{ repository: mirror, error: found.error }] : [],
  );
  const read = [places, ...others.flatMap(({ found }) => ('error' in found ? [] : [found]))];
  return { subjects, findings: read.flatMap((place) => place.map(findingOf)), unread };
}

/** A finding, and the forms in which a good signature or record exists. */
type Looked = Omit<Finding, 'status'> & Judged;

async function lookAt(
  { registry, verifier, isExpected, callTo }: CheckServices,
  { reference, formerReferences = [], digest, wants }: CheckRequest,
  repository: RepositoryName,
  subjects: readonly Digest[],
  primary: readonly Looked[] = [],
): Promise<readonly Looked[]> {
  const call = callTo(repository);
  const look = async (subject: Digest): Promise<readonly Looked[]> => {
    const isRecorded = wants.record && subject === digest;
    if (!wants.signature && !isRecorded) return [];
    const attached = await attachedTo(registry, verifier, repository, subject, call);
    const expected = { isExpected, references: [reference, ...formerReferences] };
    const found: Looked[] = [];
    if (wants.signature) found.push({ subject, repository, what: 'signature', ...judgeSignature(attached, expected) });
    if (isRecorded) found.push({ subject, repository, what: 'record', ...judgeRecord(attached, expected, subject) });
    return found.map((one) => likeOnPrimary(one, primary));
  };
  const looked = (await Promise.all(subjects.map(look))).flat();
  const isBare = looked.length > 0 && looked.every(({ status }) => status === 'unsigned');
  if (!isBare || (await registry.resolveManifest(repository, digest, call)) !== undefined) return looked;
  return looked.map((one) => ({ ...one, why: NOT_THERE }));
}

const FORMS: Readonly<Record<string, string>> = {
  bundle: 'a bundle',
  'sig-referrer': 'a signature among the referrers',
};

/** A good signature must exist in all the forms that the primary has, because clients differ in which they read. */
function likeOnPrimary(found: Looked, primary: readonly Looked[]): Looked {
  if (found.status !== 'verified') return found;
  const there = primary.find(({ subject, what }) => subject === found.subject && what === found.what);
  const missing = (there?.forms ?? []).filter((form) => !found.forms.includes(form));
  if (there === undefined || missing.length === 0) return found;
  const forms = missing.map((form) => FORMS[form] ?? `.${form}`).join(' and ');
  return { ...found, status: 'unsigned', why: `it is missing as ${forms}, unlike in ${there.repository}` };
}

function findingOf({ subject, repository, what, status, who, why }: Looked): Finding {
  return { subject, repository, what, status, who, why };
}

async function orError<T extends object>(
  { signal }: Call,
  work: () => Promise<T>,
): Promise<T | { readonly error: PromotionError }> {
  try {
    return await work();
  } catch (error) {
    return { error: asPromotionError(error, signal) };
  }
}
