import { asPromotionError } from '../../errors.ts';
import { refText, type AskedRef } from '../../image/asked-ref.ts';
import type { Digest } from '../../image/digest.ts';
import { unlisted, type Checked, type CheckRules } from '../../plan/checks.ts';
import type { ManifestReader } from '../../registry/roles.ts';
import { entriesNamed, type Named } from '../../plan/explained/find-entries.ts';
import { checkOf, placeNamed, repositoryToAsk, type LookedUp } from '../../plan/explained/look-up.ts';

/** The image that a reference means, by its entries or by what a registry has under the name. */
export type Target = {
  readonly named: readonly Named[];
  readonly check: Checked | undefined;
  /** Why no image is known. */
  readonly reason: string;
  /** True if a registry could not be asked. */
  readonly isUnread: boolean;
};

/** Finds the image that a reference means; without a registry, only among the entries. */
export async function findTarget(
  looked: LookedUp,
  ref: AskedRef,
  rules: CheckRules,
  registry: Pick<ManifestReader, 'resolveManifest'> | undefined,
  signal: AbortSignal,
): Promise<Target> {
  const { named } = looked;
  const isOne = new Set(named.map(({ image }) => image.digest)).size === 1;
  if (isOne) return targetOf(named, ref, rules);
  const nothing = { named, check: undefined, isUnread: false };
  if (ref.digest === undefined && registry === undefined)
    return { ...nothing, reason: named.length > 0 ? 'several digests have the tag' : 'no entry names its digest' };
  try {
    const repository = repositoryToAsk(looked, ref, rules);
    const digest = ref.digest ?? (await registry?.resolveManifest(repository, ref.tag ?? '', { signal }))?.digest;
    if (digest === undefined) return { ...nothing, reason: `${repository} has no ${ref.tag ?? refText(ref)}` };
    return targetOf(entriesNamed(looked.sets, { digest }), ref, rules, { looked, digest });
  } catch (error) {
    return { ...nothing, reason: asPromotionError(error, signal).message, isUnread: true };
  }
}

function targetOf(
  named: readonly Named[],
  ref: AskedRef,
  rules: CheckRules,
  found?: { readonly looked: LookedUp; readonly digest: Digest },
): Target {
  const known = checkOf(named, ref, rules);
  const { tag } = ref;
  if (known !== undefined) {
    // the reference is about one tag, if it names one
    const tags = tag !== undefined && known.tags.includes(tag) ? [tag] : known.tags;
    return { named, check: { ...known, tags }, reason: '', isUnread: false };
  }
  if (found === undefined)
    return { named, check: undefined, reason: 'it is attached to an image, not an image itself', isUnread: false };
  const check = unlisted(placeNamed(found.looked, ref, rules), ref, found.digest);
  return { named, check, reason: '', isUnread: false };
}
