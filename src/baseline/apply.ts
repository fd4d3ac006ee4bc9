import type { Position } from '../errors.ts';
import { coversRegistry } from '../image/pattern.ts';
import type { KnownDrift } from './rules.ts';

/** The parts of a difference that entries of a baseline match. */
export type Comparable = {
  readonly code: string;
  readonly reference: string;
  readonly digest: string;
  readonly tags: readonly string[];
};

/** An entry of a baseline that covers nothing, and why. */
export type IdleEntry = {
  readonly why: 'expired' | 'unused';
  readonly code: string;
  readonly reference: string;
  readonly until: string;
  readonly at: Position;
};

export type AppliedBaseline<D> = {
  /** Each difference, with the entry that covers it. */
  readonly drift: readonly { readonly drift: D; readonly known: KnownDrift | undefined }[];
  /** Entries that expired, and entries that match no difference. */
  readonly idle: readonly IdleEntry[];
};

/** Finds the first entry that covers each difference on a day (`2026-01-31`); an expired entry covers nothing. */
export function applyBaseline<D extends Comparable>(
  all: readonly D[],
  known: readonly KnownDrift[],
  today: string,
): AppliedBaseline<D> {
  const used = new Set<KnownDrift>();
  const exact = Map.groupBy(known, ({ code, digest }) => `${code} ${digest ?? ''}`);
  const drift = all.map((one) => {
    const candidates = [one.digest, ''].flatMap((digest) => exact.get(`${one.code} ${digest}`) ?? []);
    const matching = candidates.filter((entry) => covers(entry, one));
    for (const entry of matching) used.add(entry);
    return { drift: one, known: matching.find(({ until }) => until >= today) };
  });
  const idle = known.flatMap((entry): IdleEntry[] => {
    const why = entry.until < today ? 'expired' : used.has(entry) ? undefined : 'unused';
    if (why === undefined) return [];
    const { code, reference, until, position } = entry;
    return [{ why, code, reference: reference.text, until, at: position }];
  });
  return { drift, idle };
}

function covers({ reference, tags }: KnownDrift, drift: Comparable): boolean {
  const isAbout = tags === undefined || (drift.tags.length > 0 && drift.tags.every((tag) => tags.includes(tag)));
  return isAbout && coversRegistry(reference, drift.reference);
}
