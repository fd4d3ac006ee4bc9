import { causesOf, type Cause } from '../../pipeline/causes.ts';
import { durationText } from '../../pipeline/duration.ts';
import { splitWarnings, subjectOf } from '../causes.ts';
import type { ReportDocument, ReportedImage, ReportedProblem } from '../model/schema.ts';
import { bytesText, count, shortDigests } from '../../text/layout.ts';
import { SECTIONS, settingGroups, SETTINGS } from '../terminal/plan-change.ts';
import { reachOf, worstFirst } from '../mirrors.ts';
import { markdownBlock, markdownCode } from '../../text/escape/markdown.ts';
import { verdictOf } from '../terminal/verdict.ts';
import { addAll } from '../../lists.ts';

/** A GitHub comment has at most 65,536 characters; the difference is for text that others add. */
const MOST = 65_000;
/** Room for the head, the tail and the lines that count omitted entries. */
const FRAME = 3_000;
/** The smallest share of each section if policies need the room; it shows that there is more. */
const LEAST = 0.02;
/** Slightly less than the plan, which leaves room for the other sections. */
const PROBLEMS = 20_000;
const WARNINGS = 4_000;
/** Changes of policies and registries up to this size do not reduce the other sections. */
const CHANGE = 8_000;
/** The plan ends after 240 digests, which are about 20,000 characters. */
const PLAN = 24_000;
const REGISTRIES = 6_000;
const PHASES = 2_000;
/** References shown of one problem: more than the 22 mirrors of registry.k8s.io. */
const REFS = 25;

const MARKS: Readonly<Record<ReportDocument['outcome'], string>> = {
  done: '✅',
  pending: '📝',
  failed: '❌',
  stopped: '🛑',
};

/**
 * Renders a run as Markdown that always fits into a GitHub comment; omitted entries are counted. Changes of policies
 * and registries come first and are never cut. The other sections share the remaining room.
 */
export function markdownReport(document: ReportDocument): string {
  const { title, sentence } = verdictOf(document);
  const change = changeSection(document);
  const head = [`## ${MARKS[document.outcome]} ${title}`, '', sentence];
  if (document.aborted !== undefined) head.push('', `Stopped early: ${markdownCode(document.aborted)}`);
  if (change.length > MOST - FRAME) head.push('', TOO_LONG);
  const share = Math.max(LEAST, Math.min(1, (MOST - FRAME - change.length) / (MOST - FRAME - CHANGE)));
  const room = (most: number): number => Math.floor(most * share);
  const plan = document.mode === 'dry-run' && document.text !== '' ? markdownBlock(document.text, room(PLAN)) : '';
  const [old, warnings] = splitWarnings(document);
  const problems = [
    problemSection(document.failures, 'problem', room(plan === '' ? PROBLEMS + PLAN : PROBLEMS)),
    problemSection(old, 'old problem', room(WARNINGS), 'Already in the tree before this change, and so no failure.'),
    problemSection(warnings, 'warning', room(WARNINGS)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  const registries = registrySection(document, room(REGISTRIES));
  const phases = phaseSection(document, room(PHASES));
  const tail = tailOf(document);
  const others = [...head, change, plan, problems, registries, phases, tail].join('\n').length;
  const findings = [findingSection, auditSection].map((section) => section(document, MOST - others - 200)).join('');
  // 200: the empty lines between sections
  const images = imageSection(document, MOST - others - findings.length - 200);
  const parts = [head.join('\n'), change, plan, problems, findings, images, registries, phases, tail];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const TOO_LONG = '**What changes of policies and registries is longer than a comment of GitHub may be.**';

/** Returns the context and the cost of the run. */
function tailOf({ kpromo, started, ms, totals, context }: ReportDocument): string {
  const { tree, commit, job } = context;
  const parts = [
    ...(tree === undefined ? [] : [`of ${markdownCode(tree)}`]),
    ...(commit === undefined ? [] : [`at commit ${markdownCode(commit.slice(0, 12))}`]),
    ...(job === undefined ? [] : [`in job ${markdownCode(job)}`]),
  ];
  const what = parts.length === 0 ? '' : ` ${parts.join(' ')}`;
  const cost = `${count(totals.requests, 'request')}, ${bytesText(totals.bytes)} sent and received`;
  return `kpromo ${markdownCode(kpromo, 40)}${what}, started ${started}, took ${durationText(ms)}: ${cost}`;
}

/** Returns as many lines as fit, then the number of omitted ones. */
function fit(lines: readonly string[], most: number, noun: string): string {
  // 60: the line with the number of omitted lines
  let left = most - 60;
  const kept = lines.findIndex((line) => (left -= line.length + 1) < 0);
  if (kept < 0) return lines.join('\n');
  return [...lines.slice(0, kept), '', `… and ${count(lines.length - kept, `more ${noun}`)}.`].join('\n');
}

function folded(summary: string, head: readonly string[], rows: readonly string[], most: number, noun: string): string {
  if (rows.length === 0) return '';
  const open = [`<details><summary>${summary}</summary>`, '', ...head].join('\n');
  return `${open}\n${fit(rows, most - open.length - 15, noun)}\n\n</details>`;
}

function problemSection(failures: readonly ReportedProblem[], noun: string, most: number, about = ''): string {
  const causes = causesOf(failures);
  if (causes.length === 0) return '';
  const head = `### ${count(causes.length, noun)}\n\n${about === '' ? '' : `${about}\n\n`}`;
  return `${head}${fit(causes.map(problemItem), most, noun)}`;
}

function problemItem({ first, failures }: Cause<ReportedProblem>): string {
  const { code, file, line, column, message, hint } = first;
  const subject = subjectOf(failures);
  const place = file === undefined ? '' : ` at ${markdownCode(`${file}:${line}:${column}`)}`;
  const lines = [`- **${code}**${subject === '' ? '' : ` ${markdownCode(shortDigests(subject))}`}${place}`];
  lines.push(`  ${markdownCode(shortDigests(message), 1000)}`);
  const refs = failures.flatMap((failure) => failure.refs ?? []);
  if (refs.length > 0) {
    const more = refs.length > REFS ? ` and ${refs.length - REFS} more` : '';
    const shown = refs.slice(0, REFS).map((ref) => markdownCode(shortDigests(ref)));
    lines.push(`  on ${shown.join(', ')}${more}`);
  }
  if (hint !== undefined) lines.push(`  → ${markdownCode(shortDigests(hint), 500)}`);
  // two trailing spaces are a line break
  return lines.join('  \n');
}

/** Returns the changes that need review: first those of registries and policies, then those of images. */
function changeSection({ change, mode }: ReportDocument): string {
  if (change === undefined) return '';
  const { changes, removed, settings = [] } = change;
  const asked = settingGroups(settings).map(({ kind, projects, before, after }) => {
    const sides = [
      ...(before === undefined ? [] : [`${kind === 'registries' ? 'gone' : 'was'} ${whole(before)}`]),
      ...(after === undefined ? [] : [`${kind === 'registries' ? 'new' : 'is'} ${whole(after)}`]),
    ];
    const where = projects.map(({ project, file }) => `${whole(project)} in ${whole(file)}`);
    return `- ⚠️ **${SETTINGS[kind]}** of ${where.join(', ')}: ${sides.join(', ')}`;
  });
  const kinds = [...Map.groupBy(changes, ({ kind }) => kind)].map(
    ([kind, found]) => `- ${SECTIONS[kind].toLowerCase()}: ${count(found.length, 'image')}`,
  );
  const gone =
    removed.length === 0 ? [] : [`- no longer managed, stays in production: ${count(removed.length, 'image')}`];
  // the plan of a dry run lists the images
  const lines = mode === 'dry-run' ? asked : [...asked, ...kinds, ...gone];
  if (mode === 'dry-run' && lines.length === 0) return '';
  return `### What the change does\n\n${lines.length === 0 ? 'No image is changed.' : lines.join('\n')}`;
}

/** Replaces the section with a notice if it is too long for a comment, so that no change is hidden. */
function whole(text: string): string {
  return markdownCode(text, Infinity);
}

function imageSection({ images, mode }: ReportDocument, most: number): string {
  const rows = worstFirst(images).map((image) => `| ${imageCells(image, mode).join(' | ')} |`);
  const head = ['| image | tags | digest | mirrors | what |', '|---|---|---|---|---|'];
  return folded(count(images.length, 'image'), head, rows, most, 'image');
}

/** Returns the signing state of an image in a few words. */
function signingParts(
  { signature, record, carried, summary }: NonNullable<ReportedImage['signature']>,
  isDry: boolean,
): readonly string[] {
  return [
    ...(signature === 'written' ? ['signed'] : []),
    ...(record === 'written' ? ['recorded'] : []),
    ...(carried === undefined ? [] : [count(carried, 'attestation')]),
    ...(summary === 'written' ? ['summarized'] : []),
    ...(summary === 'stuck' ? ['insufficient summary kept'] : []),
    ...(signature === 'missing' ? [isDry ? 'to be signed' : '**not signed**'] : []),
    ...(record === 'missing' && signature !== 'missing' ? [isDry ? 'to be recorded' : '**not recorded**'] : []),
  ];
}

function imageCells(image: ReportedImage, mode: ReportDocument['mode']): string[] {
  const { name, tags, digest, targets, signature, attached, mirrors = [] } = image;
  const isDry = mode === 'dry-run';
  const actions = new Set(targets.map(({ action }) => action));
  const states = Map.groupBy(mirrors, ({ state }) => state);
  const [copy, tag] = states.has('done') ? ['copied', 'tagged'] : ['copy', 'tag'];
  const parts = actions.has('copy') ? [copy] : actions.has('tag') ? [tag] : [];
  if (states.has('failed')) parts.push('**failed**');
  if (states.has('unknown')) parts.push(`**unknown on ${states.get('unknown')?.length}**`);
  if (attached === true) parts.push('signature or attestation');
  if (signature !== undefined) addAll(parts, signingParts(signature, isDry));
  return [
    markdownCode(name),
    tags.length === 0 ? '–' : markdownCode(tags.join(' '), 200),
    markdownCode(shortDigests(digest)),
    mirrorsCell(image, isDry),
    parts.join(', '),
  ];
}

/** Returns the number of complete mirrors of an image; in a dry run, the number that would change. */
function mirrorsCell(image: ReportedImage, isDry: boolean): string {
  const { mirrors = [] } = image;
  const { reached, all } = reachOf(image);
  const shown = isDry ? mirrors.filter(({ state }) => state === 'pending').length : reached;
  return shown === all ? String(all) : `${shown} of ${all}`;
}

function findingSection({ check }: ReportDocument, most: number): string {
  const rows = (check?.findings ?? [])
    .toSorted((a, b) => Number(a.status === 'verified') - Number(b.status === 'verified'))
    .map(({ name, digest, words, who = '', why = '', repositories, places }) => {
      const where = `${repositories.length} of ${places}`;
      const cells = [markdownCode(name), markdownCode(shortDigests(digest)), where, markdownCode(words)];
      return `| ${[...cells, markdownCode(who, 120), markdownCode(shortDigests(why))].join(' | ')} |`;
    });
  const head = ['| image | digest | places | status | who | why |', '|---|---|---|---|---|---|'];
  return folded(count(rows.length, 'finding'), head, rows, most, 'finding');
}

function auditSection({ audit }: ReportDocument, most: number): string {
  if (audit === undefined) return '';
  const rows = audit.findings
    .toSorted((a, b) => Number(a.known !== undefined) - Number(b.known !== undefined))
    .map(({ code, reference, digest, tags, message, places, known }) => {
      const what = known === undefined ? message : `known until ${known.until}: ${known.reason}`;
      const names = [reference, shortDigests(digest), tags.join(' ')].map((name) => markdownCode(name, 200));
      return `| ${[`**${code}**`, ...names, String(places.length), markdownCode(shortDigests(what), 500)].join(' | ')} |`;
    });
  const head = ['| difference | image | digest | tags | places | what |', '|---|---|---|---|--:|---|'];
  const notes = audit.notes.map((note) => `- not looked at: ${markdownCode(note, 500)}`);
  const idle = (audit.baseline ?? []).map(
    ({ why, code, reference, file, line }) =>
      `- ${why} in the baseline: ${markdownCode(`${file}:${line} ${code} ${reference}`)}`,
  );
  const rest = [...idle, ...notes].join('\n');
  const shown = folded(count(rows.length, 'difference'), head, rows, most - rest.length, 'difference');
  return [shown, rest].filter((part) => part !== '').join('\n\n');
}

function registrySection({ registries }: ReportDocument, most: number): string {
  const rows = registries.map(({ host, repositories, failed, unread, requests, bytes }) => {
    const numbers = [repositories, unread, failed - unread, requests].map((number) => number.toLocaleString('en-US'));
    return `| ${[markdownCode(host), ...numbers, bytesText(bytes)].join(' | ')} |`;
  });
  const head = [
    '| host | repositories | not read | references not written | requests | bytes |',
    '|---|--:|--:|--:|--:|--:|',
  ];
  return folded(count(registries.length, 'host'), head, rows, most, 'host');
}

function phaseSection({ phases }: ReportDocument, most: number): string {
  const rows = phases.map(
    ({ name, start, ms, ended }) =>
      `| ${name} | ${durationText(start)} | ${durationText(ms)} | ${ended === 'done' ? '' : 'ended the run'} |`,
  );
  const head = ['| phase | began after | took | |', '|---|--:|--:|---|'];
  return folded(count(phases.length, 'phase'), head, rows, most, 'phase');
}
