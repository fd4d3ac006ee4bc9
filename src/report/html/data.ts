import type { ReportDocument, ReportedImage, ReportedTarget } from '../document.ts';
import { stateOf, verdictOf } from '../verdict.ts';

/** What the page is drawn from: the document without what it does not show, and each repeated text once. */
export type PageData = Omit<ReportDocument, 'images'> & {
  readonly title: string;
  readonly sentence: string;
  /** Where columns are: the mirrors, in order. */
  readonly mirrors: readonly string[];
  /** What targets point into. */
  readonly texts: readonly string[];
  readonly images: readonly PageImage[];
};

type PageImage = Omit<ReportedImage, 'targets' | 'provenance' | 'vulnerabilities' | 'mirrors'> & {
  readonly state: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly targets: readonly PageTarget[];
  /** The mirrors that had all of it before. */
  readonly there: readonly number[];
};

/** `[mirror, reference, action, attempts, requests, bytes, ms, reason, code]`; -1 where there is no such text. */
type PageTarget = readonly [number, number, string, number, number, number, number, number, number];

/** Makes what the page shows; 5,000 images on 22 mirrors stay a file that opens at once. */
export function pageData(document: ReportDocument): PageData {
  const { images } = document;
  const mirrors = numbered([...new Set(images.flatMap(mirrorsOf))].toSorted(asRead));
  const texts = numbered([]);
  return {
    ...document,
    ...verdictOf(document),
    mirrors: mirrors.all,
    images: images.map((image) => pageImage(image, mirrors, texts)),
    texts: texts.all,
  };
}

function mirrorsOf(image: ReportedImage): readonly string[] {
  return [...image.targets.map(({ mirror }) => mirror), ...thereBefore(image)];
}

function thereBefore({ mirrors = [], targets }: ReportedImage): readonly string[] {
  const lacking = new Set(targets.map(({ mirror }) => mirror));
  return mirrors.filter((mirror) => !lacking.has(mirror));
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
    there: thereBefore(image).map((mirror) => mirrors.of(mirror)),
  };
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
    facts.push(['Provenance', `${result} (${mode}), level ${level}`]);
    if (signer !== undefined) facts.push(['Built and signed by', signer]);
    if (builder !== undefined) facts.push(['Builder', builder]);
    if (source !== undefined) facts.push(['Built from', source]);
    for (const { message } of violations) facts.push(['Policy', message]);
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
