import type { ReportDocument, ReportedImage, ReportedTarget } from '../../model/schema.ts';
import { stateOf, targetState } from '../../mirrors.ts';
import { verdictOf } from '../../terminal/verdict.ts';
import { explanations } from '../../explanations.ts';

/** What the page is drawn from: the document without what it does not show, and each repeated text once. */
export type PageData = Omit<ReportDocument, 'images' | 'text'> & {
  readonly title: string;
  readonly sentence: string;
  /** Where columns are: the mirrors, in order. */
  readonly mirrors: readonly string[];
  /** What each code of a problem means. */
  readonly meanings: Readonly<Record<string, string>>;
  /** What targets point into. */
  readonly texts: readonly string[];
  readonly images: readonly PageImage[];
};

type PageImage = Omit<ReportedImage, 'targets' | 'provenance' | 'vulnerabilities' | 'mirrors'> & {
  readonly state: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly targets: readonly PageTarget[];
  /** The state on each mirror of which its targets do not tell all. */
  readonly states: readonly PageState[];
};

/** `[mirror, state, reason, code]`, all but the state as numbers. */
type PageState = readonly [number, string, number, number];

/** `[mirror, reference, action, attempts, requests, bytes, ms, reason, code]`; -1 where there is no such text. */
type PageTarget = readonly [number, number, string, number, number, number, number, number, number];

/** Makes what the page shows; 5,000 images on 22 mirrors stay a file that opens at once. */
export function pageData(document: ReportDocument): PageData {
  const { images, text: _text, ...shown } = document;
  const mirrors = numbered([...new Set(images.flatMap(mirrorsOf))].toSorted(asRead));
  const texts = numbered([]);
  return {
    ...shown,
    meanings: meaningsOf([...document.failures, ...(document.warnings ?? [])]),
    ...verdictOf(document),
    mirrors: mirrors.all,
    images: images.map((image) => pageImage(image, mirrors, texts)),
    texts: texts.all,
  };
}

function meaningsOf(failures: ReportDocument['failures']): PageData['meanings'] {
  if (failures.length === 0) return {};
  const codes = new Set(failures.map(({ code }) => code));
  return Object.fromEntries(
    explanations().flatMap((one) =>
      one.codes.flatMap((code) => (codes.has(code) ? [[code, one.happened.replaceAll('`', '')]] : [])),
    ),
  );
}

function mirrorsOf({ mirrors = [], targets }: ReportedImage): readonly string[] {
  return [...mirrors.map(({ name }) => name), ...targets.map(({ mirror }) => mirror)];
}

/** `region2` before `region10`. */
function asRead(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

type Numbered = { readonly all: readonly string[]; of(text: string | undefined): number };

function numbered(first: readonly string[]): Numbered {
  const all = [...first];
  const numbers = new Map(all.map((text, index) => [text, index]));
  return {
    all,
    of: (text) => {
      if (text === undefined) return -1;
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, all.length);
      return all.push(text) - 1;
    },
  };
}

function pageImage(image: ReportedImage, mirrors: Numbered, texts: Numbered): PageImage {
  const { name, digest, tags, source, file, line, attached, sourceReads, size, signature, targets } = image;
  return {
    name,
    digest,
    tags,
    source,
    file,
    line,
    sourceReads,
    ...(attached === true && { attached }),
    ...(size !== undefined && { size }),
    ...(signature !== undefined && { signature }),
    state: stateOf(image),
    facts: factsOf(image),
    targets: targets.map((target) => pageTarget(target, name, mirrors, texts)),
    states: statesBeside(image).map((mirror) => [
      mirrors.of(mirror.name),
      mirror.state,
      texts.of(mirror.reason),
      texts.of(mirror.code),
    ]),
  };
}

/** The mirrors whose state is not that of the image's own references there. */
function statesBeside({ mirrors = [], targets }: ReportedImage): NonNullable<ReportedImage['mirrors']> {
  const told = new Set(targets.map((target) => `${targetState(target)} ${target.mirror}`));
  return mirrors.filter(({ name, state }) => !told.has(`${state} ${name}`));
}

function pageTarget(target: ReportedTarget, name: string, mirrors: Numbered, texts: Numbered): PageTarget {
  const { mirror, ref, action, pending, attempts, requests, bytes, ms, reason, code } = target;
  // Most references are their mirror, their image and a tag: only the tag is told.
  const start = `${mirror}/${name}`;
  const rest = ref.startsWith(start) ? ref.slice(start.length) : ` ${ref}`;
  const what = pending === true ? `${action}?` : action;
  return [mirrors.of(mirror), texts.of(rest), what, attempts, requests, bytes, ms, texts.of(reason), texts.of(code)];
}

/** What is known of who built it and what scanners found, as lines of a table. */
function factsOf({ provenance, vulnerabilities }: ReportedImage): [string, string][] {
  const facts: [string, string][] = [];
  if (provenance !== undefined) {
    const { mode, result, level, signer, builder, source, violations } = provenance;
    const reached = level === 'unevaluated' ? '' : `, level ${level}`;
    facts.push(['Policy', mode === 'off' ? 'none' : `${result} (mode: ${mode})${reached}`]);
    if (signer !== undefined) facts.push(['Built and signed by', signer]);
    if (builder !== undefined) facts.push(['Builder', builder]);
    if (source !== undefined) facts.push(['Built from', source]);
    for (const { message } of violations) facts.push(['Violation', message]);
  }
  if (vulnerabilities !== undefined) {
    const { result, scanner, findings } = vulnerabilities;
    const over = findings.filter(({ verdict }) => verdict === 'over');
    facts.push([
      'Vulnerabilities',
      `${result}: ${findings.length} found by ${scanner}, ${over.length} over the threshold`,
    ]);
    // Twenty are a page; the JSON report has all of them.
    for (const { id, severity, package: name, version } of over.slice(0, 20))
      facts.push([id, `severity ${severity}, in ${name} ${version}`]);
  }
  return facts;
}
