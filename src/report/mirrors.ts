import { hostOf, refsOf, repositoryOf } from '../image/reference.ts';
import type { ImageReport, MirrorReport, MirrorState, TargetReport } from './model/report.ts';

/** Worst first: the state of several references is the worst of them. */
const WORST: readonly MirrorState[] = ['failed', 'unknown', 'pending', 'done', 'present'];

/** Returns the registry of a reference as manifests name it. If the image name differs, returns the host. */
export function mirrorOf(ref: string, name: string): string {
  const repository = repositoryOf(ref);
  return repository.endsWith(`/${name}`) ? repository.slice(0, -name.length - 1) : hostOf(repository);
}

type TargetAction = { readonly action: TargetReport['action']; readonly pending?: true | undefined };

/** Returns the state of one reference. */
export function targetState({ action, pending }: TargetAction): MirrorState {
  if (action === 'failed' || action === 'unknown' || action === 'present') return action;
  return pending === true ? 'pending' : 'done';
}

/** Facts about an image that its own references do not show. */
export type Known = {
  /** All registries that must have the image. */
  readonly mirrors: readonly string[];
  /** Registries that were read and lack part of the image, even if another entry copies it there. */
  readonly lacking: readonly string[];
  /** Registries that could not be read. */
  readonly unread: readonly MirrorReport[];
};

type Image = Pick<ImageReport, 'name' | 'digest' | 'tags' | 'targets'>;

/** Returns the state of an image on each of its mirrors. */
type MirrorFinder = (image: Image, known: Known | undefined) => readonly MirrorReport[];

/**
 * Creates a finder for the images of a run. A mirror is `present` only if it was read and lacked nothing. Two entries
 * may share a reference, which only one of them reports. With a disputed tag, neither is complete.
 */
export function mirrorFinder(images: readonly Image[], disputed: ReadonlySet<string>): MirrorFinder {
  const edges = new Map<string, MirrorState>();
  for (const { digest, targets } of images)
    for (const target of targets) edges.set(`${target.ref}@${digest}`, targetState(target));
  const share = sharing();
  const elsewhere = (refs: readonly string[], digest: string): MirrorState => {
    const states = refs.flatMap((ref) => edges.get(`${ref}@${digest}`) ?? []);
    return states.reduce<MirrorState | undefined>(worse, undefined) ?? 'unknown';
  };
  return (image, known) => {
    const own = new Map<string, MirrorState>();
    for (const target of image.targets) {
      const mirror = mirrorOf(target.ref, image.name);
      own.set(mirror, worse(own.get(mirror), targetState(target)));
    }
    const unread = new Map(known?.unread.map((mirror) => [mirror.name, mirror]));
    return (known?.mirrors ?? [...own.keys()]).map((name) => {
      const refs = refsOf(`${name}/${image.name}`, image.tags, image.digest);
      const state = own.get(name);
      const notRead = unread.get(name);
      if (notRead !== undefined && state !== 'failed') return notRead;
      if (refs.some((ref) => disputed.has(ref))) return share(name, 'failed');
      const isLacking = known?.lacking.includes(name) === true;
      return share(name, state ?? (isLacking ? elsewhere(refs, image.digest) : 'present'));
    });
  };
}

function worse(a: MirrorState | undefined, b: MirrorState): MirrorState {
  return a === undefined || WORST.indexOf(b) < WORST.indexOf(a) ? b : a;
}

/** Shares equal objects: a million image × mirror pairs need a few dozen. */
function sharing(): (name: string, state: MirrorState) => MirrorReport {
  const known = new Map<string, MirrorReport>();
  return (name, state) => {
    const key = `${state} ${name}`;
    const report = known.get(key) ?? { name, state };
    known.set(key, report);
    return report;
  };
}

type Judged = {
  readonly mirrors?: readonly Pick<MirrorReport, 'state'>[] | undefined;
  readonly signature?: { readonly signature: string; readonly record: string } | undefined;
};

/** Returns the state of an image: the worst of its mirrors and its signature. */
export function stateOf({ mirrors = [], signature }: Judged): 'failed' | 'unknown' | 'pending' | 'done' {
  const states = new Set(mirrors.map(({ state }) => state));
  for (const state of ['failed', 'unknown', 'pending'] as const) if (states.has(state)) return state;
  const isLeft = signature?.signature === 'missing' || signature?.record === 'missing';
  return isLeft ? 'pending' : 'done';
}

/** Sorts images by state, worst first. */
export function worstFirst<T extends Judged>(images: readonly T[]): readonly T[] {
  return images.toSorted((a, b) => WORST.indexOf(stateOf(a)) - WORST.indexOf(stateOf(b)));
}

/** Counts the mirrors on which an image is complete; pending is not complete. */
export function reachOf({ mirrors = [] }: Judged): { readonly reached: number; readonly all: number } {
  const reached = mirrors.filter(({ state }) => state === 'done' || state === 'present').length;
  return { reached, all: mirrors.length };
}

/** Returns true if the run wrote the image to a mirror and it is complete on all mirrors. */
export function isPromoted({ mirrors = [] }: Judged): boolean {
  const { reached, all } = reachOf({ mirrors });
  return reached === all && mirrors.some(({ state }) => state === 'done');
}
