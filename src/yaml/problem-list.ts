/** As many problems of one file are told, each in its words: who has more corrects these first. */
export const MOST_PROBLEMS = 1000;

/** What is wrong with a file: the first problems are kept, and all of them are counted. */
export type ProblemList<P> = {
  /** How many there are, those included that are only counted. */
  readonly length: number;
  readonly push: (problem: P) => void;
  /** Those that are kept, and after them one that counts the rest. */
  readonly told: () => readonly P[];
};

/** What is wrong; `more` is of one that counts others, and says how many. */
type Told = { readonly message: string; readonly hint: string; readonly more?: number };

/** An empty list. Of what is only counted, `gravest` says whether one tells more about all of it than the first. */
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
