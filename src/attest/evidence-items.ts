import type { Digest } from '../image/digest.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import type { EvidenceItem } from '../policy/provenance.ts';
import type { Attached } from './attached.ts';
import { contradiction, type Certified } from './certified.ts';
import { buildClaims, kindOfPredicate } from './evidence-predicate.ts';
import type { Statement } from './statement.ts';

/** Evidence with the statement that it is, of kinds whose content matters to others and not only that it is there. */
export type FoundItem = { readonly item: EvidenceItem; readonly statement?: Statement };

/** The kinds of which the statement is kept: the others may have megabytes, and nobody reads them. */
const KEPT: readonly EvidenceItem['kind'][] = ['vex', 'vulnerabilities'];

/** The versions of bundles that can be verified; what is newer is no sign that somebody changed it. */
const KNOWN_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;\s*version=(?:v?0\.[123])|\.v0\.3\+json)$/;

/** What is attached to a digest, as evidence; nothing for what is no signature. Throws what kept it from being read. */
export function foundItem(attached: Attached, subject: Digest): FoundItem | undefined {
  const { form, manifest, content, verdict, error } = attached;
  if (error !== undefined) throw error;
  if (form === 'other') return undefined;
  const { predicateType, statement, identity: signer, certified, reason } = verdict;
  const kind = form === 'sig' ? 'signature' : kindOfPredicate(predicateType);
  const status = statusOf(attached);
  const item: EvidenceItem = {
    kind,
    form,
    status,
    ...claimsIn(statement, certified),
    ...(predicateType !== undefined && { predicateType }),
    ...(signer !== undefined && { signer }),
    manifest: form === 'bundle' ? manifest : cosignTag(subject, form),
    content: content ?? manifest,
    ...(reason !== undefined && { reason }),
  };
  const isKept = status === 'verified' && statement !== undefined && KEPT.includes(kind);
  return { item, ...(isKept && { statement }) };
}

type Claims = Pick<EvidenceItem, 'sources' | 'builder' | 'invocation' | 'contradiction' | 'run'>;

/** What a verified statement claims of a build, beside what is certified of it. */
function claimsIn(statement: Statement | undefined, certified: Certified | undefined): Claims {
  if (statement === undefined) return { sources: [] };
  const claims = buildClaims(statement.predicateType, statement.predicate);
  const { builder, invocation, sources, config } = claims;
  const wrong = certified && contradiction(certified, claims);
  const isRun = builder !== undefined && (config !== undefined || certified !== undefined);
  return {
    sources,
    ...(builder !== undefined && { builder }),
    ...(invocation !== undefined && { invocation }),
    ...(wrong !== undefined && { contradiction: wrong }),
    ...(isRun && { run: { ...(config !== undefined && { claimed: config }), ...runOf(certified) } }),
  };
}

function runOf({ source, config }: Certified = {}): Pick<Run, 'certified'> {
  if (source === undefined && config === undefined) return {};
  return {
    certified: {
      ...(config !== undefined && { workflow: config }),
      ...(source !== undefined && { repository: source }),
    },
  };
}

type Run = NonNullable<EvidenceItem['run']>;

/** What cannot be read, or not by this version, is not verified; only what was read and is wrong was tampered with. */
function statusOf({ form, kind, mediaType, verdict, isTampered }: Attached): EvidenceItem['status'] {
  if (isTampered === true) return 'failed';
  if (verdict.status !== 'failed') return verdict.status;
  if (kind === 'other') return 'unverifiable';
  return form === 'bundle' && !KNOWN_BUNDLE.test(mediaType) ? 'unverifiable' : 'failed';
}
