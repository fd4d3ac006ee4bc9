import type { Digest } from '../../image/digest.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { EvidenceItem } from '../../policy/provenance.ts';
import { isSignatureForm, type Attached } from '../attached/types.ts';
import { contradiction, type Certified } from '../formats/certified.ts';
import { buildClaims, kindOfPredicate } from '../formats/predicates.ts';
import type { Statement } from '../formats/statement.ts';

/** An evidence item, with its statement if the contents of its kind are needed later. */
export type FoundItem = { readonly item: EvidenceItem; readonly statement: Statement | undefined };

/** A verified evidence item whose contents are needed. */
export type StatedItem = FoundItem & { readonly statement: Statement };

/** Kinds whose statements are kept. Others may have megabytes, and are not read again. */
const KEPT: readonly EvidenceItem['kind'][] = ['vex', 'vulnerabilities'];

/**
 * Converts an attached item to evidence; returns undefined if it is not a signature. Throws the error that prevented
 * reading it.
 */
export function foundItem(attached: Attached, subject: Digest): FoundItem | undefined {
  const { form, manifest, content, verdict, error } = attached;
  if (error !== undefined) throw error;
  if (form === 'other') return undefined;
  const { status, predicateType, statement, identity: signer, certified, reason } = verdict;
  const kind = isSignatureForm(form) ? 'signature' : kindOfPredicate(predicateType);
  const item: EvidenceItem = {
    kind,
    form,
    status,
    ...claimsIn(statement, certified),
    predicateType,
    signer,
    manifest: form === 'sig' || form === 'att' ? cosignTag(subject, form) : manifest,
    content: content ?? manifest,
    reason,
  };
  const isKept = status === 'verified' && statement !== undefined && KEPT.includes(kind);
  return { item, statement: isKept ? statement : undefined };
}

type Claims = Pick<EvidenceItem, 'sources' | 'builder' | 'invocation' | 'contradiction' | 'run'>;

/** Returns the claims of a verified statement about a build, with the certified facts. */
function claimsIn(statement: Statement | undefined, certified: Certified | undefined): Claims {
  if (statement === undefined) return { sources: [] };
  const claims = buildClaims(statement.predicateType, statement.predicate);
  const { builder, invocation, sources, config } = claims;
  const isRun = builder !== undefined && (config !== undefined || certified !== undefined);
  return {
    sources,
    builder,
    invocation,
    contradiction: certified && contradiction(certified, claims),
    run: isRun ? { claimed: config, certified: certifiedRun(certified) } : undefined,
  };
}

function certifiedRun({ source, config }: Certified = {}): Run['certified'] {
  return source === undefined && config === undefined ? undefined : { workflow: config, repository: source };
}

type Run = NonNullable<EvidenceItem['run']>;
