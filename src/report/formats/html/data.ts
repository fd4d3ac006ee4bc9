import type { ReportDocument, ReportedImage, ReportedTarget } from '../../model/schema.ts';
import { stateOf, targetState } from '../../mirrors.ts';
import { verdictOf } from '../../terminal/verdict.ts';
import { explanations } from '../../explanations.ts';

/**
 * The data of the page: the document without the parts that the page does not show, and with each repeated text once.
 */
export type PageData = Omit<ReportDocument, 'images' | 'text'> & {
  readonly title: string;
  readonly sentence: string;
  /** The mirrors in the order of their columns. */
  readonly mirrors: readonly string[];
  /** The explanation of each error code. */
  readonly meanings: Readonly<Record<string, string>>;
  /** The texts that targets refer to by index. */
  readonly texts: readonly string[];
  readonly images: readonly PageImage[];
};

type PageImage = Omit<ReportedImage, 'targets' | 'provenance' | 'vulnerabilities' | 'mirrors'> & {
  readonly state: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly targets: readonly PageTarget[];
  /** The states of mirrors that do not follow from the targets. */
  readonly states: readonly PageState[];
};

/** `[mirror, state, reason, code]`: indexes into `mirrors` and `texts`, except the state. */
type PageState = readonly [number, string, number, number];

/** `[mirror, reference, action, attempts, requests, bytes, ms, reason, code]`; an index of -1 means no text. */
type PageTarget = readonly [number, number, string, number, number, number, number, number, number];

/** Makes the data compact: a report of 5,000 images on 22 mirrors opens at once. */
export function pageData(document: ReportDocument): PageData {
  const { images, text: _text, ...shown } = document;
  const mirrors = numbered([...new Set(images.flatMap(mirrorsOf))].toSorted(byName));
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

/** Compares names as people sort them: `region2` before `region10`. */
function byName(a: string, b: string): number {
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
    attached,
    size,
    signature,
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

/** Returns the mirrors whose state does not follow from the image's own references. */
function statesBeside({ mirrors = [], targets }: ReportedImage): NonNullable<ReportedImage['mirrors']> {
  const derived = new Set(targets.map((target) => `${targetState(target)} ${target.mirror}`));
  return mirrors.filter(({ name, state }) => !derived.has(`${state} ${name}`));
}

function pageTarget(target: ReportedTarget, name: string, mirrors: Numbered, texts: Numbered): PageTarget {
  const { mirror, ref, action, pending, attempts, requests, bytes, ms, reason, code } = target;
  // Most references consist of mirror, image name and tag, so only the tag is stored.
  const start = `${mirror}/${name}`;
  const rest = ref.startsWith(start) ? ref.slice(start.length) : ` ${ref}`;
  const what = pending === true ? `${action}?` : action;
  return [mirrors.of(mirror), texts.of(rest), what, attempts, requests, bytes, ms, texts.of(reason), texts.of(code)];
}

/** Returns the build and scan results of an image as rows of a table. */
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
    // Twenty fit on the page; the JSON report has all.
    for (const { id, severity, package: name, version } of over.slice(0, 20))
      facts.push([id, `severity ${severity}, in ${name} ${version}`]);
  }
  return facts;
}
