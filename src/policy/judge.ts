import { judgeDigest, signerText, type Ruling } from './judge-digest.ts';
import type { Evidence, EvidenceItem, Judgement, ProvenancePolicy, Violation } from './provenance.ts';

/**
 * Judges an image by all of these policies. Tampered evidence always fails it; otherwise it fails only if a policy
 * requires it.
 */
export function judge(policies: readonly ProvenancePolicy[], evidence: Evidence): Judgement {
  const asked = policies.filter(({ mode }) => mode !== 'off');
  const tampered = tamperedIn(evidence);
  const rulings = asked.map((policy) => ({ policy, ruling: rule(policy, evidence) }));
  const unmet = rulings.filter(({ ruling }) => ruling.missing.length > 0);
  const isHeld = tampered.length > 0 || unmet.some(({ policy }) => policy.mode === 'require');
  return {
    mode: strictest(asked),
    result: isHeld ? 'failed' : unmet.length > 0 ? 'warned' : asked.length > 0 ? 'passed' : 'off',
    level: lowest(rulings.map(({ ruling }) => ruling)),
    accepted: tampered.length === 0 && unmet.length === 0 ? acceptedByAll(rulings.map(({ ruling }) => ruling)) : [],
    violations: [...tampered, ...unmet.map(({ policy, ruling }) => violationOf(policy, ruling, evidence))],
    ...factsOf((unmet[0] ?? rulings[0])?.ruling.provenance ?? evidence.items.find(({ kind }) => kind === 'provenance')),
  };
}

/** An index without its own provenance gets the lowest result of its platforms; a nested index is judged by its own. */
function rule(policy: ProvenancePolicy, { digest, isIndex, items, platforms }: Evidence): Ruling {
  const own = judgeDigest(policy, items);
  const accepted = [...own.accepted, ...platforms.flatMap((platform) => acceptedIn(policy, platform))];
  if (!isIndex || own.isOwn || platforms.length === 0) return { ...own, accepted };
  const parts = platforms.map((platform) => ({ platform, ruling: judgeDigest(policy, platform.items) }));
  const missing = parts.flatMap(({ platform, ruling }) =>
    ruling.missing.map((clause) => `platform ${short(platform.digest)}: ${clause}`),
  );
  const levels = parts.map(({ ruling }) => ruling.level);
  const provenance = (parts.find(({ ruling }) => ruling.missing.length > 0) ?? parts[0])?.ruling.provenance;
  return {
    isOwn: false,
    level: levels.reduce((least, level) => (level < least ? level : least)),
    accepted,
    missing: missing.length === 0 ? [] : [`${short(digest)} itself: ${own.missing.join('; ')}`, ...missing],
    ...(provenance !== undefined && { provenance }),
  };
}

/** Returns what a policy accepts for a digest and its children. */
function acceptedIn(policy: ProvenancePolicy, { items, platforms }: Evidence): readonly EvidenceItem[] {
  return [...judgeDigest(policy, items).accepted, ...platforms.flatMap((platform) => acceptedIn(policy, platform))];
}

/** Of the index and of everything in it: all of it would be promoted. */
function tamperedIn({ repository, digest, items, platforms }: Evidence): readonly Violation[] {
  const own = items
    .filter(({ status }) => status === 'failed')
    .map(({ kind, manifest, reason }): Violation => ({
      code: 'TAMPERED',
      message: `the ${nameOf(kind)} ${manifest} of ${repository}@${digest} does not verify${reason === undefined ? '' : `: ${reason}`}`,
      hint: 'find out who attached it; build the image again, or remove what is attached once that is explained',
    }));
  return [...own, ...platforms.flatMap(tamperedIn)];
}

function nameOf(kind: EvidenceItem['kind']): string {
  return kind === 'other' || kind === 'vulnerabilities' ? 'attestation' : kind;
}

function violationOf(policy: ProvenancePolicy, ruling: Ruling, { repository, digest }: Evidence): Violation {
  const which = policy.isBase === true ? ' as it was before this change' : '';
  return {
    code: 'PROVENANCE',
    policy: policy.at,
    message: `${repository}@${digest} does not satisfy the provenance policy${which}: ${ruling.missing.join('; ')}`,
    hint:
      policy.isBase === true
        ? 'have the change of the policy merged by itself first'
        : 'build it as the policy asks and push the attestations to staging, or have the policy changed',
  };
}

function strictest(policies: readonly ProvenancePolicy[]): Judgement['mode'] {
  if (policies.some(({ mode }) => mode === 'require')) return 'require';
  return policies.length > 0 ? 'warn' : 'off';
}

function lowest(rulings: readonly Ruling[]): Judgement['level'] {
  const levels = rulings.map(({ level, missing }) => (missing.length > 0 ? 0 : level));
  const [first, ...others] = levels;
  return first === undefined ? 'unevaluated' : others.reduce((least, level) => (level < least ? level : least), first);
}

function acceptedByAll([first, ...others]: readonly Ruling[]): readonly EvidenceItem[] {
  const all = first?.accepted.filter((item) => others.every(({ accepted }) => accepted.includes(item)));
  return [...new Set(all)]; // an index may name one platform twice
}

function factsOf(item: EvidenceItem | undefined): Pick<Judgement, 'signer' | 'builder' | 'source'> {
  if (item === undefined) return {};
  const [source] = item.sources;
  return {
    ...(item.signer !== undefined && { signer: signerText(item) }),
    ...(item.builder !== undefined && { builder: item.builder }),
    ...(source !== undefined && { source }),
  };
}

/** As many digits of a digest as people compare. */
const SHORT = 'sha256:'.length + 12;

function short(digest: string): string {
  return `${digest.slice(0, SHORT)}…`;
}
