import { PromotionError, failureOf, type Failure } from '../../errors.ts';
import { refText, type AskedRef } from '../../image/asked-ref.ts';
import { namedBy, placeOf, unlisted, type Checked, type CheckRules } from '../../plan/checks.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import type { Traffic } from '../reading/traffic.ts';

export type AskedServices = {
  readonly registry: RegistryReader;
  readonly traffic: Traffic;
  readonly rules: CheckRules;
};

/** Resolves references to entries of the tree, else to digests of the registry. One that is neither is a failure. */
export async function askedChecks(
  services: AskedServices,
  refs: readonly AskedRef[],
  checks: readonly Checked[],
  context: Context,
): Promise<{ readonly checks: readonly Checked[]; readonly failures: readonly Failure[] }> {
  const found = await Promise.all(refs.map((ref) => resolved(services, ref, checks, context)));
  const byKey = new Map<string, Checked>();
  for (const check of found.flatMap((one) => ('code' in one ? [] : one)))
    byKey.set(`${check.repository}@${check.digest}`, check);
  return { checks: [...byKey.values()], failures: found.flatMap((one) => ('code' in one ? [one] : [])) };
}

async function resolved(
  { registry, traffic, rules }: AskedServices,
  ref: AskedRef,
  checks: readonly Checked[],
  context: Context,
): Promise<readonly Checked[] | Failure> {
  const named = namedBy(checks, ref);
  if (named.length > 0) return named;
  try {
    const place = placeOf(checks, ref, rules);
    const call: Call = { signal: context.signal, meter: traffic.of(place.repository) };
    const reference = ref.digest ?? ref.tag;
    const digest =
      ref.digest ?? (reference && (await registry.resolveManifest(place.repository, reference, call))?.digest);
    if (digest === undefined || digest === '') throw notFound(ref);
    // an unknown tag may belong to a digest of the tree
    const listed = namedBy(checks, { ...ref, digest });
    return listed.length > 0 ? listed : [unlisted(place, ref, digest)];
  } catch (error) {
    const failure = caught(error, context);
    return failureOf('plan', failure, { message: `looking up ${refText(ref)}: ${failure.message}` });
  }
}

function notFound({ tag }: AskedRef): PromotionError {
  const message =
    tag === undefined ? 'no manifest names an image of that repository' : 'no manifest and no registry knows it';
  return new PromotionError('NOT_FOUND', message, { hint: 'write it as host/path:tag or host/path@sha256:…' });
}
