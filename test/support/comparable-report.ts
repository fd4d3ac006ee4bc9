import type { ReportDocument } from '../../src/report/model/schema.ts';

/** Keys whose values differ between two runs of the same work: times, requests, and the words that contain them. */
const VOLATILE: ReadonlySet<string> = new Set([
  'started',
  'ms',
  'start',
  'text',
  'traffic',
  'requests',
  'bytes',
  'attempts',
  'command',
  'tree',
  'sourceReads',
  'shard',
]);

/** Returns a report without what differs from run to run, with sorted lists, and with these words replaced by their places. */
export function comparable(document: ReportDocument, words: readonly string[]): unknown {
  const numbered = { ...document, failures: renumbered(document.failures) };
  const text = words.reduce((all, word, index) => all.replaceAll(word, `<${index}>`), JSON.stringify(numbered));
  return sorted(JSON.parse(text));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !VOLATILE.has(key));
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}

type Problem = ReportDocument['failures'][number];

/** Causes are numbered in the order of the problems, which shards do not share: the numbers of sorted problems are compared. */
function renumbered(problems: readonly Problem[]): readonly Problem[] {
  const text = (problem: Problem): string => JSON.stringify(sorted({ ...problem, cause: 0 }));
  const numbers = new Map<unknown, number>();
  return problems
    .toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
    .map((problem) => {
      const number = numbers.get(problem.cause) ?? numbers.size + 1;
      numbers.set(problem.cause, number);
      return { ...problem, cause: number };
    });
}
