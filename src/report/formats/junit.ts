import type { ReportDocument, ReportedImage, ReportedProblem } from '../model/schema.ts';
import { shortDigests } from '../../text/layout.ts';
import { stateOf } from '../mirrors.ts';
import { xmlText } from '../../text/escape/xml.ts';
import { verdictOf } from '../terminal/verdict.ts';

type TestCase = {
  readonly name: string;
  readonly classname: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly ms: number;
  /** The element with the result; omitted for a passed test. */
  readonly result?: string;
};

/**
 * Renders a run as JUnit XML. Each problem is a failed test with file and line. An image that may be missing on a
 * mirror is an error; an image that is complete on all mirrors is a passed test.
 */
export function junitReport(document: ReportDocument): string {
  const { failures, images, mode, started, ms, kpromo } = document;
  const known = new Set(failures.flatMap(({ image, digest, file }) => keyOf(image, digest, file)));
  const others = images.filter(
    (image) =>
      stateOf(image) !== 'failed' || !keyOf(image.name, image.digest, image.file).some((key) => known.has(key)),
  );
  // The image shows that a mirror is unknown; the problem has the cause.
  const unknown = new Set(
    images.flatMap((image) => (stateOf(image) === 'unknown' ? keyOf(image.name, image.digest, image.file) : [])),
  );
  const problems = failures.filter(
    ({ phase, image, digest, file }) =>
      phase !== 'promote' || !keyOf(image, digest, file).some((key) => unknown.has(key)),
  );
  const cases = [...problems.map(failedCase), ...others.map(imageCase), ...findingCases(document)];
  const of = (element: string): number => cases.filter(({ result = '' }) => result.startsWith(`<${element}`)).length;
  const { title, sentence } = verdictOf(document);
  const counts = attributes({
    tests: cases.length,
    failures: of('failure'),
    skipped: of('skipped'),
    errors: of('error'),
    time: seconds(ms),
  });
  const suite = attributes({ name: mode, timestamp: started.replace(/\.\d+Z$/, '') });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: 'kpromo' })} ${counts}>`,
    `<testsuite ${suite} ${counts}>`,
    `<properties><property ${attributes({ name: 'kpromo', value: kpromo })}/></properties>`,
    ...cases.map(caseElement),
    `<system-out>${[`${title}. ${sentence}`, ...warningTexts(document)].map(xmlText).join('\n')}</system-out>`,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Returns warnings as text for the output of the suite, since they fail no test. */
function warningTexts({ warnings = [] }: ReportDocument): readonly string[] {
  return warnings.map(({ code, inBase, file, line, column, message, hint }) => {
    const place = file === undefined ? '' : ` ${file}:${line}:${column}`;
    return `${inBase === true ? 'already in the base' : 'warning'} ${code}${place}: ${message}${hint === undefined ? '' : ` → ${hint}`}`;
  });
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
  // a stopped run is an error of the run, not a failed check
  const element = code === 'ABORTED' ? 'error' : 'failure';
  const result = `<${element} ${attributes({ type: code, message })}>${text.map(xmlText).join('\n')}</${element}>`;
  const name = [shortDigests(subject), code, ...(line === undefined ? [] : [`line ${line}`])];
  return { name: name.filter((part) => part !== '').join(' '), classname: file ?? phase, file, line, ms: 0, result };
}

function imageCase(image: ReportedImage): TestCase {
  const { name, digest, tags, file, line, targets, mirrors = [] } = image;
  const state = stateOf(image);
  const reasons = [
    ...targets.flatMap(({ ref, reason }) => (reason === undefined ? [] : [`${ref}: ${reason}`])),
    ...mirrors.flatMap((mirror) => (mirror.reason === undefined ? [] : [`${mirror.name}: ${mirror.reason}`])),
  ];
  const notKnown = mirrors.filter((mirror) => mirror.state === 'unknown').map((mirror) => mirror.name);
  const code = [...targets, ...mirrors].find((one) => one.code !== undefined)?.code ?? 'UNKNOWN';
  const message = `unknown on ${notKnown.join(', ')}`;
  const text = reasons.map(xmlText).join('\n');
  const results = {
    done: {},
    pending: { result: `<skipped ${attributes({ message: 'still to be done' })}/>` },
    unknown: { result: `<error ${attributes({ type: code, message })}>${text}</error>` },
    failed: { result: `<failure ${attributes({ type: 'FAILED' })}>${text}</failure>` },
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

/** Returns a passed test for each good finding; bad findings are failures of the run. */
function findingCases({ check, audit, outcome }: ReportDocument): TestCase[] {
  if (audit !== undefined) return outcome === 'done' ? [...auditCases(audit), AUDITED] : auditCases(audit);
  const good = (check?.findings ?? []).filter(({ status }) => status === 'verified');
  return good.map(({ name, digest, what, repositories }) => ({
    name: `${name}@${shortDigests(digest)} ${what} in ${repositories.join(' ')}`,
    classname: name,
    ms: 0,
  }));
}

const AUDITED: TestCase = { name: 'production holds what the tree says', classname: 'audit', ms: 0 };

/** A difference is a failed test, and one that a baseline accepts a skipped one; an audit without others is one that passed. */
function auditCases({ findings }: NonNullable<ReportDocument['audit']>): TestCase[] {
  return findings.map(({ code, reference, digest, tags, message, hint, places, file, line, known }) => {
    const text = [message, ...places.map(({ ref }) => `on ${ref}`), `→ ${hint}`].map(xmlText).join('\n');
    const accepted = { message: `${known?.reason} (until ${known?.until})` };
    return {
      name: [`${reference}@${shortDigests(digest)}`, ...tags, code].join(' '),
      classname: file ?? reference,
      file,
      line,
      ms: 0,
      result:
        known === undefined
          ? `<failure ${attributes({ type: code, message })}>${text}</failure>`
          : `<skipped ${attributes(accepted)}/>`,
    };
  });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${xmlText(String(value))}"`)
    .join(' ');
}
