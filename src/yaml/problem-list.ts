/** Number of problems of one file that are reported in full; further ones are only counted. */
export const MOST_PROBLEMS = 1000;

/** The problems of a file: the first are kept, and all are counted. */
export type ProblemList<P> = {
  /** Number of all problems, including those that are only counted. */
  readonly length: number;
  readonly push: (problem: P) => void;
  /** Returns the kept problems, followed by one that counts the others. */
  readonly told: () => readonly P[];
};

/** A problem; `more` is the number that a summary counts. */
type Told = { readonly message: string; readonly hint: string; readonly more?: number };

/**
 * Creates an empty list. `gravest` selects the problem that represents those that are only counted, instead of the
 * first.
 */
export function problemList<P extends Told>(gravest: (problem: P) => boolean = () => false): ProblemList<P> {
  const kept: P[] = [];
  let [count, first, grave]: [number, P | undefined, P | undefined] = [0, undefined, undefined];
  return {
    get length() {
      return count;
    },
    push: (problem) => {
      count += problem.more ?? 1;
      if (kept.length < MOST_PROBLEMS) {
        kept.push(problem);
        return;
      }
      first ??= problem;
      if (grave === undefined && gravest(problem)) grave = problem;
    },
    told: () => {
      const rest = grave ?? first;
      if (rest === undefined) return kept;
      const left = count - kept.length;
      const message = `${left.toLocaleString('en-US')} more ${left === 1 ? 'problem' : 'problems'} from here on`;
      return [...kept, { ...rest, message, hint: 'correct those before first', more: left }];
    },
  };
}
