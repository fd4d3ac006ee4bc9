import { checkDigest, type DigestCheck } from '../../attest/checking/check-digest.ts';
import type { Identity, Verifier } from '../../attest/roles.ts';
import type { Failure, PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { emitDefect } from '../caught.ts';
import { groupFindings, type CheckedImage, type PlannedCheck } from './checked-images.ts';
import { progressOf } from '../reading/progress.ts';
import { isHostDown } from '../reading/read-by-host.ts';
import type { Traffic } from '../reading/traffic.ts';
import { unreadable } from '../reading/unreadable.ts';

export type CheckServices = {
  readonly registry: RegistryReader;
  readonly traffic: Traffic;
  /** Called only if there is a digest to check. */
  readonly verifier: (signal: AbortSignal) => Promise<Verifier>;
  readonly isExpected: (identity: Identity) => boolean;
  /** Digests in work at once. */
  readonly concurrency: number;
};

/** Checks digests in all their repositories. A repository that cannot be read is a failure. A registry that is down gets no more requests. */
export async function checkImages(
  services: CheckServices,
  checks: readonly PlannedCheck[],
  context: Context,
): Promise<{ readonly images: readonly CheckedImage[]; readonly failures: readonly Failure[] }> {
  if (checks.length === 0) return { images: [], failures: [] };
  const { registry, traffic, isExpected, concurrency } = services;
  const { signal, emit } = context;
  const verifier = await services.verifier(signal);
  const callTo = (repository: RepositoryName) => ({ signal, meter: traffic.of(repository) });
  const down = new Map<string, PromotionError>();
  const unread = new Map<RepositoryName, PromotionError>();
  const note = (repository: RepositoryName, error: PromotionError): void => {
    emitDefect(error, context);
    unread.set(repository, error);
    if (isHostDown(error)) down.set(hostOf(repository), error);
  };
  const images = new Map<PlannedCheck, CheckedImage>();
  const advance = progressOf('images', checks.length, context);
  const look = async (check: PlannedCheck): Promise<void> => {
    const asked = (repository: RepositoryName): boolean => {
      const error = down.get(hostOf(repository));
      if (error !== undefined) note(repository, error);
      return error === undefined;
    };
    const isReachable = asked(check.repository);
    const request = { ...check, mirrors: isReachable ? check.mirrors.filter(asked) : [] };
    const found: DigestCheck = isReachable
      ? await checkDigest({ registry, verifier, isExpected, callTo }, request)
      : { subjects: [], findings: [], unread: [] };
    for (const { repository, error } of found.unread) note(repository, error);
    images.set(check, { check, subjects: found.subjects, findings: groupFindings(check.digest, found.findings) });
    emit({ type: 'image-checked', ref: `${check.repository}@${check.digest}`, done: images.size, of: checks.length });
    advance();
  };
  await eachOf(checks, concurrency, look);
  const failures = unreadable(unread).map((failure) => ({ ...failure, phase: 'check' }));
  return { images: checks.flatMap((check) => images.get(check) ?? []), failures };
}
