import type { AppliedBaseline, Comparable } from './apply.ts';
import { MOST_KNOWN, type KnownDrift } from './rules.ts';
import { PromotionError } from '../errors.ts';

/** The reason of new entries until a person writes one. */
export const NO_REASON = 'not reviewed yet';

const HEAD = [
  '# Differences between production and the tree that are known; kpromo audit --baseline reads this file.',
  '# Say in each "reason" why it is accepted, and in "until" how long.',
];

/** Codes whose difference is about the image, whatever its tags. */
const WITHOUT_TAGS: readonly string[] = ['UNSIGNED', 'UNRECORDED'];

/** Returns the text of a baseline that covers these differences: with the entries that did, and new ones until a day. */
export function baselineText<D extends Comparable>(
  { drift }: Pick<AppliedBaseline<D>, 'drift'>,
  until: string,
): string {
  const kept = new Set(drift.flatMap(({ known }) => known ?? []));
  const added = drift.filter(({ known }) => known === undefined).map((one) => one.drift);
  if (kept.size + added.length > MOST_KNOWN)
    throw new PromotionError(
      'USAGE',
      `there are ${kept.size + added.length} differences; a baseline has at most ${MOST_KNOWN}`,
      {
        hint: 'write entries with * and ** in "reference" by hand',
      },
    );
  const entries = [...[...kept].map(keptEntry), ...added.map((one) => newEntry(one, until))];
  return [...HEAD, 'version: 1', entries.length === 0 ? 'known: []' : 'known:', ...entries, ''].join('\n');
}

function keptEntry({ code, reference, digest, tags, reason, until }: KnownDrift): string {
  return entryText({ code, reference: reference.text, digest, tags, reason, until });
}

function newEntry({ code, reference, digest, tags }: Comparable, until: string): string {
  const isAbout = tags.length > 0 && !WITHOUT_TAGS.includes(code);
  return entryText({ code, reference, digest, tags: isAbout ? tags : undefined, reason: NO_REASON, until });
}

type Written = {
  readonly code: string;
  readonly reference: string;
  readonly digest: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly reason: string;
  readonly until: string;
};

/** JSON texts are YAML texts; a tag such as 1.10 stays a text. */
function entryText({ code, reference, digest, tags, reason, until }: Written): string {
  return [
    `  - code: ${code}`,
    `    reference: ${JSON.stringify(reference)}`,
    ...(digest === undefined ? [] : [`    digest: ${digest}`]),
    ...(tags === undefined ? [] : [`    tags: [${tags.map((tag) => JSON.stringify(tag)).join(', ')}]`]),
    `    reason: ${JSON.stringify(reason)}`,
    `    until: ${until}`,
  ].join('\n');
}
