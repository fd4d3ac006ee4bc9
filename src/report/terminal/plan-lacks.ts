import { tagOf } from '../../image/reference.ts';
import type { ImageReport, ProvenanceReport, SignatureReport, VulnerabilityReport } from '../model/report.ts';
import { count, few } from '../../text/layout.ts';
import { mirrorOf } from '../mirrors.ts';

/**
 * Returns what mirrors lack of an image, one line for mirrors that lack the same. Names the tags unless all are
 * missing.
 */
export function lackTexts(image: ImageReport): string[] {
  const all = image.tags.join(' ');
  return lacksOf(image).map(({ action, tags, mirrors }) => {
    const isPart = tags.length > 0 && tags.join(' ') !== all;
    const what = isPart ? `${action} ${tagsText(tags)}` : action;
    return `${what} ${action === 'tag' ? 'on' : 'to'} ${mirrorsText(mirrors, namesOf(image))}`;
  });
}

/** Returns why parts of an image cannot be promoted, each reason once. The list of problems has the full messages. */
export function refusalTexts(image: ImageReport): string[] {
  const byCode = new Map<string, Set<string>>();
  for (const { ref, action, code = 'failed' } of image.targets) {
    if (action !== 'failed') continue;
    const mirrors = byCode.get(code) ?? new Set();
    byCode.set(code, mirrors.add(mirrorOf(ref, image.name)));
  }
  return [...byCode].map(([code, mirrors]) => {
    const all = image.mirrors?.length ?? mirrors.size;
    const where = mirrors.size >= all ? '' : ` to ${mirrorsText([...mirrors], namesOf(image))}`;
    return `${code}: not promoted${where} (${image.file}:${image.line})`;
  });
}

/** Returns the mirrors whose state is unknown, one line per reason. */
export function unknownTexts(image: ImageReport): string[] {
  const unknown = (image.mirrors ?? []).filter(({ state, code }) => state === 'unknown' && code !== undefined);
  return [...Map.groupBy(unknown, ({ code }) => code)].map(([code, mirrors]) => {
    const names = mirrors.map(({ name }) => name);
    return `unknown on ${mirrorsText(names, namesOf(image))}: could not be read (${code})`;
  });
}

function namesOf({ mirrors }: ImageReport): readonly string[] | undefined {
  return mirrors?.map(({ name }) => name);
}

type Known = Pick<ImageReport, 'provenance' | 'signature' | 'vulnerabilities'>;

/** Returns the state of signatures, policies and vulnerabilities, and what would be signed. */
export function stateTexts({ provenance, signature, vulnerabilities }: Known): string[] {
  return [
    ...(provenance === undefined ? [] : [STAGING[provenance.signature], policyText(provenance)]),
    ...(vulnerabilities === undefined ? [] : [scanText(vulnerabilities)]),
    ...(signature === undefined ? [] : [signingText(signature)]),
  ];
}

/** Returns the same in a few words, for tables; empty if nothing is known. */
export function stateWords({ provenance, signature, vulnerabilities }: Known): string {
  const words = [
    ...(provenance === undefined ? [] : [provenance.signature]),
    ...(provenance === undefined || provenance.result === 'off' ? [] : [`policy ${provenance.result}`]),
    ...(vulnerabilities === undefined ? [] : [scanText(vulnerabilities)]),
    ...(signature === undefined ? [] : signingWords(signature)),
  ];
  return words.join(', ');
}

function signingWords({ signature, record, summary }: SignatureReport): readonly string[] {
  if (signature === 'missing') return ['to sign'];
  if (record === 'missing') return ['to record'];
  return summary === 'missing' ? ['to summarize'] : [];
}

function scanText({ state, findings }: VulnerabilityReport): string {
  if (state !== 'scanned') return state === 'failed' ? 'scan failed' : 'not scanned';
  const over = findings.filter(({ verdict }) => verdict === 'over').length;
  if (findings.length === 0) return 'no known vulnerabilities';
  const all = count(findings.length, 'vulnerability', 'vulnerabilities');
  return over === 0 ? `${all} below the threshold or excepted` : `${all}, ${over} over the threshold`;
}

/** Returns the tags of an image, or `(no tag)`. */
export function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? '(no tag)' : few(tags);
}

/** Counts the mirrors to which the image would be copied. */
export function copiesOf({ name, targets }: ImageReport): number {
  const copies = targets.filter(({ action, pending }) => action === 'copy' && pending === true);
  return new Set(copies.map(({ ref }) => mirrorOf(ref, name))).size;
}

const STAGING: Readonly<Record<ProvenanceReport['signature'], string>> = {
  verified: 'signed in staging: verified',
  untrusted: 'signed in staging by an unknown signer',
  failed: 'its signature in staging is invalid',
  unverifiable: 'signed in staging: cannot be verified here',
  unsigned: 'not signed in staging',
};

function policyText({ result, level }: ProvenanceReport): string {
  const reached = level === 'unevaluated' ? '' : ` (level ${level})`;
  if (result === 'off') return 'no policy';
  if (result === 'passed') return `policy passed${reached}`;
  return result === 'warned' ? 'policy warns' : 'policy rejects it';
}

function signingText({ signature, record, summary, reference }: SignatureReport): string {
  const todo = [
    ...(signature === 'missing' ? ['signed'] : []),
    ...(record === 'missing' ? ['recorded'] : []),
    ...(summary === 'missing' ? ['summarized'] : []),
  ];
  const last = todo.pop();
  if (last === undefined) return 'signed and recorded already';
  return `to be ${todo.length === 0 ? last : `${todo.join(', ')} and ${last}`} as ${reference}`;
}

type Lack = { readonly action: 'copy' | 'tag'; readonly tags: readonly string[]; readonly mirrors: string[] };

function lacksOf({ name, targets }: ImageReport): Lack[] {
  const byMirror = new Map<string, { readonly action: 'copy' | 'tag'; readonly tags: string[] }>();
  for (const { ref, action, pending } of targets) {
    if (pending !== true || (action !== 'copy' && action !== 'tag')) continue;
    const mirror = mirrorOf(ref, name);
    const known = byMirror.get(mirror) ?? { action, tags: [] };
    const tag = tagOf(ref);
    if (tag !== undefined) known.tags.push(tag);
    byMirror.set(mirror, known);
  }
  const lacks = new Map<string, Lack>();
  for (const [mirror, { action, tags }] of byMirror) {
    const key = `${action} ${tags.join(' ')}`;
    const lack = lacks.get(key) ?? { action, tags, mirrors: [] };
    lack.mirrors.push(mirror);
    lacks.set(key, lack);
  }
  return [...lacks.values()];
}

/** Returns `all 22 mirrors`, `21 of 22 mirrors: not a.io/prod`, or the names if there are few. */
function mirrorsText(mirrors: readonly string[], all: readonly string[] = mirrors): string {
  const [only] = mirrors;
  if (all.length === 1 && only !== undefined) return only;
  if (mirrors.length >= all.length) return `all ${all.length} mirrors`;
  const others = all.filter((mirror) => !mirrors.includes(mirror));
  const which = others.length < mirrors.length ? `not ${few(others)}` : few(mirrors);
  return `${mirrors.length} of ${all.length} mirrors: ${which}`;
}
