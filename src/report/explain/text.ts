import { count, table } from '../../text/layout.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import type { ExplanationDocument } from './model.ts';

type Place = ExplanationDocument['places'][number];
type Known<F> = F extends { readonly known: infer T } ? T : never;

/** Returns the explanation for people: a line for each fact, and a row for each repository. */
export function explanationText(document: ExplanationDocument): string {
  const { reference, status, why, places } = document;
  const lines = [
    `${reference}: ${status}`,
    ...why.flatMap(({ code, message, hint }) => [`  ${code}: ${message}`, ...(hint === '' ? [] : [`      → ${hint}`])]),
    '',
    ...table(factRows(document), '  '),
    ...(places.length === 0 ? [] : ['', ...placeTable(places)]),
  ];
  return terminalLines(lines);
}

function factRows(document: ExplanationDocument): readonly (readonly [string, string])[] {
  const { image, entries, added, promoted, staging, built, signed, summary, places } = document;
  const entryLines: readonly string[] =
    'unknown' in entries
      ? [unknown(entries.unknown)]
      : entries.known.length === 0
        ? ['none']
        : entries.known.map(({ file, line, project }) => `${file}:${line} (project ${project})`);
  return [
    ['image', told(image, imageText)],
    ...entryLines.map((line): [string, string] => ['entry', line]),
    ['added', told(added, commitText)],
    ['promoted', told(promoted, promotionText)],
    [
      'staging',
      told(staging, ({ repository, isThere }) => `${repository}, ${isThere ? 'which has' : 'which no longer has'} it`),
    ],
    ...('known' in built ? buildTexts(built.known) : [unknown(built.unknown)]).map((line): [string, string] => [
      'built',
      line,
    ]),
    ['signed', told(signed, signedText)],
    ['summary', told(summary, summaryText)],
    ['mirrors', places.length === 0 && 'unknown' in signed ? unknown(signed.unknown) : placesText(places)],
  ];
}

function unknown(reason: string): string {
  return `unknown, because ${reason}`;
}

function told<T>(fact: { readonly known: T } | { readonly unknown: string }, text: (known: T) => string): string {
  return 'known' in fact ? text(fact.known) : unknown(fact.unknown);
}

function imageText({ name, digest, tags }: Known<ExplanationDocument['image']>): string {
  return `${name}@${digest}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`;
}

function commitText({ id, pullRequest, time, subject }: Known<ExplanationDocument['added']>): string {
  const number = pullRequest === undefined ? '' : `, pull request #${pullRequest}`;
  return `${time.slice(0, 10)} by commit ${id.slice(0, 12)}${number}: ${subject}`;
}

function promotionText({
  time,
  job,
  build,
  builder,
  signer,
  manifest,
}: Known<ExplanationDocument['promoted']>): string {
  const by =
    job === undefined
      ? (builder ?? 'an unnamed program')
      : `the job ${job}${build === undefined ? '' : ` (build ${build})`}`;
  const from = manifest === undefined ? '' : `, from ${manifest}`;
  return `${time} by ${by}${from}; record signed by ${signer}`;
}

function buildTexts({ builds, level, policy, from }: Known<ExplanationDocument['built']>): readonly string[] {
  const judged = {
    passed: 'accepted by its policy',
    warned: 'not accepted by its policy, which only warns',
    failed: 'not accepted by its policy',
    off: 'no policy',
  }[policy];
  if (builds.length === 0) return [`no provenance in ${from}, ${judged}`];
  return builds.map(({ builder = 'an unnamed builder', sources, status, signer = 'nobody' }) => {
    const source = sources.length === 0 ? '' : ` from ${sources.join(', ')}`;
    return `by ${builder}${source}, level ${level} (${judged}); provenance ${status}, signed by ${signer}`;
  });
}

function signedText({ status, signer, why }: Known<ExplanationDocument['signed']>): string {
  const by = signer === undefined ? '' : ` by ${signer}`;
  return status === 'verified' ? `verified,${by}` : `${status}${by}${why === undefined ? '' : `: ${why}`}`;
}

function summaryText({ result, levels, time, signer, isExpected }: Known<ExplanationDocument['summary']>): string {
  return `${result} on ${time.slice(0, 10)}: ${levels.join(', ')}; signed by ${signer}${isExpected ? '' : ', not the signer of images'}`;
}

function placesText(places: readonly Place[]): string {
  const part = (isThere: (place: Place) => boolean): string => `${places.filter(isThere).length} of ${places.length}`;
  const unread = places.filter(({ image }) => 'unknown' in image).length;
  const signed = (fact: Place['signature']): boolean => 'known' in fact && ['verified', 'routed'].includes(fact.known);
  return [
    `image on ${part(({ image }) => 'known' in image && image.known === 'there')}`,
    `tags on ${part(({ tags }) => 'known' in tags && tags.known.every(({ state }) => state === 'there'))}`,
    `signature on ${part(({ signature }) => signed(signature))}`,
    `record on ${part(({ record }) => signed(record))}`,
    ...(unread === 0 ? [] : [`${count(unread, 'repository', 'repositories')} could not be read`]),
  ].join(', ');
}

/** One row for each repository; the reasons of what is unknown follow, each once. */
function placeTable(places: readonly Place[]): readonly string[] {
  const reasons: string[] = [];
  const cell = <T>(fact: { readonly known: T } | { readonly unknown: string }, text: (known: T) => string): string => {
    if ('known' in fact) return text(fact.known);
    if (!reasons.includes(fact.unknown)) reasons.push(fact.unknown);
    return `unknown (${reasons.indexOf(fact.unknown) + 1})`;
  };
  const rows = places.map(({ repository, role, image, tags, signature, record }) => [
    repository,
    role,
    cell(image, (state) => state),
    cell(tags, (all) => tagsText(all)),
    cell(signature, (state) => state),
    cell(record, (state) => state),
  ]);
  return [
    ...table([['REPOSITORY', 'ROLE', 'IMAGE', 'TAGS', 'SIGNATURE', 'RECORD'], ...rows], ''),
    ...reasons.map((reason, index) => `(${index + 1}) unknown, because ${reason}`),
  ];
}

function tagsText(tags: Known<Place['tags']>): string {
  const wrong = tags.filter(({ state }) => state !== 'there');
  if (tags.length === 0) return 'none wanted';
  return wrong.length === 0
    ? 'there'
    : wrong.map(({ tag, state, digest }) => `${tag} ${state}${digest === undefined ? '' : ` to ${digest}`}`).join(', ');
}
