import type { AskedRef } from '../../image/asked-ref.ts';
import { refText } from '../../image/asked-ref.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import type { EntryCommits } from '../../manifest/history/entry-commits.ts';
import { tagAt, type ImageSet } from '../desired/desired.ts';
import { nearOf } from '../../text/nearest.ts';
import type { WhyNot } from './facts.ts';
import { entriesNamed, type TreeNames } from './find-entries.ts';

/** As many digits of a commit as people compare. */
const SHORT = 12;

/** Returns why no entry of the tree means a reference: it left, it is invalid, or there is none, and the nearest one. */
export function noEntry(
  ref: AskedRef,
  names: TreeNames,
  { problems }: LoadedManifests,
  former: readonly EntryCommits[],
): readonly WhyNot[] {
  const name = refText(ref);
  const last = former.at(-1);
  if (last?.removedBy !== undefined) {
    const { id, pullRequest } = last.removedBy;
    const number = pullRequest === undefined ? '' : `, #${pullRequest}`;
    const message = `its entry left the tree with commit ${id.slice(0, SHORT)}${number}: stays in production, no longer managed`;
    return [{ code: 'UNMANAGED', message, hint: `to manage it again, add ${last.digest} to the manifests` }];
  }
  const broken = problems.filter(({ image }) => image !== undefined && ref.repository.endsWith(`/${image}`));
  if (broken.length > 0)
    return broken.map(({ code, message, hint, position }) => ({
      code,
      message: `${position.file}:${position.line}: ${message}`,
      hint,
    }));
  const hidden = problems.filter(({ code }) => code !== 'ENTRY_INVALID');
  const unread = hidden.map(({ code, message, hint, position }) => ({
    code,
    message: `the entry may be in a file that cannot be used: ${position.file}:${position.line}: ${message}`,
    hint,
  }));
  return [...unread, { code: 'NO_ENTRY', ...nearestName(ref, name, names) }];
}

function nearestName(ref: AskedRef, name: string, names: TreeNames): Pick<WhyNot, 'message' | 'hint'> {
  const sets = names.at(ref.repository);
  const add = 'add an entry to the manifests, in a pull request';
  if (sets.length === 0) {
    const near = names.nearest(ref.repository);
    const message = `no entry of the tree promotes ${ref.repository}`;
    return near === undefined
      ? { message, hint: add }
      : { message: `${message}; the nearest name is ${near}`, hint: `did you mean ${near}? Otherwise ${add}` };
  }
  const what = ref.digest === undefined ? `has the tag ${ref.tag}` : `has this digest`;
  const near = nearestEntry(ref, sets);
  const message = `no entry of ${ref.repository} ${what}`;
  return near === undefined
    ? { message, hint: add }
    : {
        message: `${message}; the nearest is ${near}`,
        hint: `did you mean another one than ${name}? Otherwise ${add}`,
      };
}

function nearestEntry({ tag, digest }: AskedRef, sets: readonly ImageSet[]): string | undefined {
  const images = sets.flatMap((set) => set.images);
  const wanted = digest ?? tag ?? '';
  const all = images.flatMap((image) => (digest === undefined ? image.tags : [image.digest]));
  // of versions that differ by as much, the one of the same series
  const found = nearOf(wanted, [...new Set(all)]).toSorted(
    (a, b) => commonLength(b, wanted) - commonLength(a, wanted),
  )[0];
  if (found === undefined) return undefined;
  const image = images.find((one) => one.digest === found || one.tags.includes(found));
  const at = image === undefined || digest !== undefined ? image?.at : tagAt(image, found);
  return `${found}${at === undefined ? '' : ` (${at.file}:${at.line})`}`;
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

/** Returns why entries that give one tag to several digests promote none; undefined for one digest. */
export function conflictOf(ref: AskedRef, sets: readonly ImageSet[]): WhyNot | undefined {
  const { tag } = ref;
  if (tag === undefined || ref.digest !== undefined) return undefined;
  const images = new Map(entriesNamed(sets, ref).map(({ image }) => [image.digest, image]));
  if (images.size < 2) return undefined;
  const places = [...images.values()].map((image) => {
    const { file, line } = tagAt(image, tag);
    return `${image.digest} (${file}:${line})`;
  });
  return {
    code: 'TAG_CONFLICT',
    message: `the tag ${tag} is wanted for ${places.join(' and ')}`,
    hint: 'keep the tag on one of these digests; until then neither gets it',
  };
}
