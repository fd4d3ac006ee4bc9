import { hostOf, refsOf, repositoryOf } from '../image/reference.ts';
import type { ImageReport, MirrorReport, MirrorState, TargetReport } from './model/report.ts';

/** From the worst to the best: the state of several references is that of the worst. */
const WORST: readonly MirrorState[] = ['failed', 'unknown', 'pending', 'done', 'present'];

/** Returns the registry that a reference is in, as manifests name it; its host if the image is named otherwise. */
export function mirrorOf(ref: string, name: string): string {
  const repository = repositoryOf(ref);
  return repository.endsWith(`/${name}`) ? repository.slice(0, -name.length - 1) : hostOf(repository);
}

type TargetAction = { readonly action: TargetReport['action']; readonly pending?: true | undefined };

/** Returns the state that one reference has. */
export function targetState({ action, pending }: TargetAction): MirrorState {
  if (action === 'failed' || action === 'unknown' || action === 'present') return action;
  return pending === true ? 'pending' : 'done';
}

/** What is known of an image besides its own references. */
export type Known = {
  /** All registries that must have it. */
  readonly mirrors: readonly string[];
  /** Those that were read and lack something, also where another entry brings it there. */
  readonly lacking: readonly string[];
  /** Those that could not be read. */
  readonly unread: readonly MirrorReport[];
};

type Image = Pick<ImageReport, 'name' | 'digest' | 'tags' | 'targets'>;

/** Decides the state of an image on each of its mirrors. */
export type MirrorFinder = (image: Image, known: Known | undefined) => readonly MirrorReport[];

/**
 * Returns a finder for the images of a run: a mirror is `present` only if it was read and lacked nothing. Two entries may
 * want the same reference, which one of them reports; of a tag that is disputed neither is complete.
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

/** Makes one object for all that is alike: a million image × mirror pairs are a few dozen. */
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

/** Returns what became of an image: the worst of its mirrors, and of its signature. */
export function stateOf({ mirrors = [], signature }: Judged): 'failed' | 'unknown' | 'pending' | 'done' {
  const states = new Set(mirrors.map(({ state }) => state));
  for (const state of ['failed', 'unknown', 'pending'] as const) if (states.has(state)) return state;
  const isLeft = signature?.signature === 'missing' || signature?.record === 'missing';
  return isLeft ? 'pending' : 'done';
}

/** Sorts images by what became of them, the worst first. */
export function worstFirst<T extends Judged>(images: readonly T[]): readonly T[] {
  return images.toSorted((a, b) => WORST.indexOf(stateOf(a)) - WORST.indexOf(stateOf(b)));
}

/** Returns on how many of its mirrors an image is complete; what is still pending is not. */
export function reachOf({ mirrors = [] }: Judged): { readonly reached: number; readonly all: number } {
  const reached = mirrors.filter(({ state }) => state === 'done' || state === 'present').length;
  return { reached, all: mirrors.length };
}

/** True for an image that a run wrote to some mirror and that is complete on all of them. */
export function isPromoted({ mirrors = [] }: Judged): boolean {
  const { reached, all } = reachOf({ mirrors });
  return reached === all && mirrors.some(({ state }) => state === 'done');
}
