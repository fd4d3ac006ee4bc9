import type { ReportDocument, ReportedImage, ReportedProblem } from './document.ts';
import { shortDigests } from './layout.ts';
import { xmlText } from './text/xml.ts';
import { stateOf, verdictOf } from './verdict.ts';

type TestCase = {
  readonly name: string;
  readonly classname: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly ms: number;
  /** An element that says how it ended; a test that passed has none. */
  readonly result?: string;
};

/** A run as JUnit's XML: each problem is a failed test with its file and line, each image without any a passed one. */
export function junitReport(document: ReportDocument): string {
  const { failures, images, mode, started, ms, kpromo } = document;
  const known = new Set(failures.flatMap(({ image, digest, file }) => keyOf(image, digest, file)));
  const others = images.filter(
    (image) =>
      stateOf(image) !== 'failed' || !keyOf(image.name, image.digest, image.file).some((key) => known.has(key)),
  );
  const cases = [...failures.map(failedCase), ...others.map(imageCase), ...findingCases(document)];
  const failed = cases.filter(({ result = '' }) => result.startsWith('<failure')).length;
  const skipped = cases.filter(({ result = '' }) => result.startsWith('<skipped')).length;
  const { title, sentence } = verdictOf(document);
  const counts = attributes({ tests: cases.length, failures: failed, skipped, errors: 0, time: seconds(ms) });
  const suite = attributes({ name: mode, timestamp: started.replace(/\.\d+Z$/, '') });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: 'kpromo' })} ${counts}>`,
    `<testsuite ${suite} ${counts}>`,
    `<properties><property ${attributes({ name: 'kpromo', value: kpromo })}/></properties>`,
    ...cases.map(caseElement),
    `<system-out>${xmlText(`${title}. ${sentence}`)}</system-out>`,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function keyOf(image = '', digest = '', file = ''): string[] {
  return image === '' && digest === '' ? [] : [JSON.stringify([image, digest, file])];
}

function caseElement({ name, classname, file, line, ms, result }: TestCase): string {
  const place = file === undefined ? {} : { file, ...(line !== undefined && { line }) };
  const start = `<testcase ${attributes({ name, classname, ...place, time: seconds(ms) })}`;
  return result === undefined ? `${start}/>` : `${start}>${result}</testcase>`;
}

function failedCase(problem: ReportedProblem): TestCase {
  const { phase, code, image, digest, file, line, column, message, hint, refs = [] } = problem;
  const subject = [image, digest].filter((part) => part !== undefined).join('@');
  const text = [
    ...(file === undefined ? [] : [`${file}:${line}:${column}`]),
    message,
    ...refs.map((ref) => `on ${ref}`),
    ...(hint === undefined ? [] : [`→ ${hint}`]),
  ];
  const result = `<failure ${attributes({ type: code, message })}>${text.map(xmlText).join('\n')}</failure>`;
  const name = [shortDigests(subject), code, ...(line === undefined ? [] : [`line ${line}`])];
  return { name: name.filter((part) => part !== '').join(' '), classname: file ?? phase, file, line, ms: 0, result };
}

function imageCase(image: ReportedImage): TestCase {
  const { name, digest, tags, file, line, targets } = image;
  const state = stateOf(image);
  const reasons = targets.flatMap(({ ref, reason }) => (reason === undefined ? [] : [`${ref}: ${reason}`]));
  const results = {
    done: {},
    pending: { result: `<skipped ${attributes({ message: 'still to be done' })}/>` },
    failed: { result: `<failure ${attributes({ type: 'FAILED' })}>${reasons.map(xmlText).join('\n')}</failure>` },
  };
  return {
    name: `${name}@${shortDigests(digest)}${tags.length === 0 ? '' : ` ${tags.join(' ')}`}`,
    classname: file === '' ? name : file,
    file: file === '' ? undefined : file,
    line: file === '' ? undefined : line,
    ms: Math.max(0, ...targets.map((target) => target.ms)),
    ...results[state],
  };
}

/** What was found good; what was not is a failure of the run. */
function findingCases({ check }: ReportDocument): TestCase[] {
  const good = (check?.findings ?? []).filter(({ status }) => status === 'verified');
  return good.map(({ name, digest, what, repositories }) => ({
    name: `${name}@${shortDigests(digest)} ${what} in ${repositories.join(' ')}`,
    classname: name,
    ms: 0,
  }));
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${xmlText(String(value))}"`)
    .join(' ');
}
