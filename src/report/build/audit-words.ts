import type { Audited } from '../../phases/audit.ts';
import { count, few } from '../../text/layout.ts';

type Drift = Audited['drift'][number];

/** Returns a sentence that describes a difference. */
export function driftMessage(drift: Drift): string {
  const { code, tags, places } = drift;
  if (code === 'MISSING' || code === 'PARTIAL') return copiesText(drift);
  if (code === 'MOVED') {
    const found = [...new Set(places.flatMap((place) => place.found ?? []))];
    return `${tagsText(tags)} ${tags.length === 1 ? 'names' : 'name'} ${few(found)} ${whereText(places.length)}`;
  }
  if (code === 'UNSIGNED') return 'no signature is listed on the primary registry';
  if (code === 'UNRECORDED') return 'no promotion record is listed on the primary registry';
  const verb = tags.length > 1 ? 'are' : 'is';
  if (drift.isOrphan) return `${tagsText(tags)} ${verb} attached to a digest that is neither in a manifest nor there`;
  const subject = tags.length === 0 ? 'a digest without a tag' : tagsText(tags);
  return code === 'UNMANAGED' ? unmanagedText(subject, drift) : extraText(subject, drift);
}

function copiesText({ code, tags, copies }: Drift): string {
  const { isDigest = true, complete = 0, of = 0, unread = 0 } = copies ?? {};
  const what = isDigest || tags.length === 0 ? 'the image' : tagsText(tags);
  const notRead = unread === 0 ? '' : `, ${unread} of which could not be read`;
  const verb = tags.length > 1 && !isDigest ? 'are' : 'is';
  if (code === 'MISSING') return `${what} ${verb} on none of ${count(of, 'mirror')}`;
  return `${what} ${verb} complete on ${complete} of ${count(of, 'mirror')}${notRead}`;
}

function unmanagedText(subject: string, { removal, places }: Drift): string {
  const where = whereText(places.length);
  if (typeof removal !== 'object')
    return `${subject} left the tree with a change that is not committed; still ${where}`;
  const { id: commit, subject: title, time } = removal;
  const day = new Date(time).toISOString().slice(0, 10);
  return `${subject} left the tree with commit ${commit.slice(0, 12)} of ${day} (${title}); still ${where}`;
}

function extraText(subject: string, { tags, places, unknown }: Drift): string {
  const before = unknown === undefined ? '' : `; whether it left the tree is unknown, because ${unknown}`;
  return `${subject} ${tags.length > 1 ? 'are' : 'is'} in no manifest, but ${whereText(places.length)}${before}`;
}

function tagsText(tags: readonly string[]): string {
  return `${tags.length === 1 ? 'tag' : 'tags'} ${few(tags)}`;
}

function whereText(places: number): string {
  return `in ${count(places, 'place')} of production`;
}

const PROMOTE = 'kpromo cip --confirm promotes what is missing; if staging has lost it, remove the entry';
const LEAVE = 'delete it from production, add it to a manifest, or accept it in the baseline';

const HINTS: Readonly<Record<Drift['code'], string>> = {
  MISSING: PROMOTE,
  PARTIAL: PROMOTE,
  MOVED: 'find out how it moved; delete the tag there, and kpromo cip --confirm writes it again',
  EXTRA: LEAVE,
  UNMANAGED: LEAVE,
  UNSIGNED: 'kpromo sigcheck --confirm signs it, and without --confirm verifies what is attached',
  UNRECORDED: 'kpromo sigcheck --confirm records it, and without --confirm verifies what is attached',
};

/** Returns the hint for a difference. */
export function driftHint({ code }: Pick<Drift, 'code'>): string {
  return HINTS[code];
}
