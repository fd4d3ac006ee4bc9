import type { ImageReport, RunReport } from '../model/report.ts';
import { bytesText, count, shortDigests, table } from '../../text/layout.ts';
import { changeLines, sectionOf } from './plan-change.ts';
import { copiesOf, lackTexts, refusalTexts, stateTexts, stateWords, tagsText, unknownTexts } from './plan-lacks.ts';
import { inventoryLines } from './inventory.ts';
import { tagsLastLines, warningLines } from './summary.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import { addAll } from '../../lists.ts';

/**
 * Up to this number, each digest takes about five lines; more digests take one line each. People still read 200 lines.
 */
const ROOMY = 40;

/** The most digests that are listed. With the log, the output stays under 300 lines, which build logs show at once. */
const LISTED = 240;

/** Formats the changes that a run with --confirm would make, image by image, for review. */
export function planText(report: RunReport): string {
  const { change } = report;
  const images = report.images.filter((image) => !isOnlyUnknown(image));
  const shown = images.slice(0, LISTED);
  const lines = [
    headline(report),
    ...missing(report),
    ...inventoryLines(report),
    ...tagsLastLines(report.run),
    ...warningLines(report),
    ...(change === undefined ? [] : ['', ...changeLines(change)]),
  ];
  const isRoomy = shown.length <= ROOMY;
  for (const [section, part] of inSections(shown, report)) {
    lines.push('');
    if (section !== undefined) lines.push(`${section}:`);
    const indent = section === undefined ? '' : '  ';
    addAll(lines, isRoomy ? blocks(part, indent) : rows(part, indent));
  }
  if (images.length > LISTED)
    lines.push('', `and ${count(images.length - LISTED, 'more image')}; --report FILE.json has all of them`);
  addAll(lines, unknownLines(report.images.filter(isOnlyUnknown)));
  return terminalLines(lines);
}

/** Returns true if nothing is pending for the image and the state of some mirror is unknown. */
function isOnlyUnknown({ targets, signature, mirrors = [] }: ImageReport): boolean {
  return targets.length === 0 && signature === undefined && mirrors.some(({ state }) => state === 'unknown');
}

/** Counts the images of a registry that could not be read, instead of listing them. */
function unknownLines(images: readonly ImageReport[]): readonly string[] {
  const groups = [...Map.groupBy(images, (image) => unknownTexts(image).join('; '))];
  const lines = groups.map(([text, members]) => `${count(members.length, 'more image')} ${text}`);
  return lines.length === 0 ? [] : ['', ...lines];
}

function headline({ images: listed, totals }: RunReport): string {
  const images = listed.filter((image) => !isOnlyUnknown(image));
  const isDue = ({ targets }: ImageReport): boolean => targets.some(({ pending }) => pending === true);
  const due = images.filter(isDue);
  const refused = images.filter(({ targets }) => targets.some(({ action }) => action === 'failed')).length;
  const changed = totals.unchanged === undefined ? '' : ' changed';
  const trouble = refused === 0 ? '' : `; ${refused} cannot be promoted, or not everywhere`;
  const repairs = images.filter(({ targets }) => targets.length === 0).length;
  const repaired = repairs === 0 ? '' : `; ${repairs} promoted before, to be signed or recorded`;
  const all = count(totals.images, `${changed.trimStart()} image`.trimStart());
  if (due.length === 0) return `Plan: nothing to promote of ${all}${trouble}${repaired}`;
  return `Plan: ${due.length} of ${all} to promote, ${count(totals.pending, 'reference')}, ${bytesToWrite(due)}${trouble}${repaired}`;
}

/** Lists the gaps of an incomplete plan. */
function missing({ run, failures }: RunReport): readonly string[] {
  const refs = failures.flatMap(({ phase, source, refs: places = [] }) =>
    phase === 'plan' && source === undefined ? places : [],
  );
  const wrong = failures.filter(({ phase }) => phase === 'setup').length;
  const [repositories, problems] = [count(refs.length, 'repository', 'repositories'), count(wrong, 'problem')];
  return [
    ...(run.aborted === undefined ? [] : [`  stopped early, and so not complete: ${run.aborted}`]),
    // the plan shows what `--confirm` would do, so it first says if that would be nothing
    ...failures.flatMap(({ phase, message }) => (phase === 'sign' ? [`  ${message}`] : [])),
    ...(wrong === 0 ? [] : [`  ${problems} in the manifests: the affected entries are not in the plan`]),
    ...(refs.length === 0 ? [] : [`  ${repositories} could not be read: their missing images are unknown`]),
  ];
}

/** Returns an upper limit, since existing blobs are not sent and the plan does not check for them. */
function bytesToWrite(due: readonly ImageReport[]): string {
  const copied = due.filter((image) => copiesOf(image) > 0);
  const bytes = copied.reduce((sum, image) => sum + (image.size ?? 0) * copiesOf(image), 0);
  const unknown = copied.filter(({ size }) => size === undefined).length;
  if (copied.length === 0) return 'tags only';
  if (unknown === copied.length) return 'of unknown size';
  return `at most ${bytesText(bytes)} to write${unknown === 0 ? '' : ` and ${unknown} of unknown size`}`;
}

/** With a diff, groups images by what the change does to them. */
function inSections(
  images: readonly ImageReport[],
  { change }: RunReport,
): ReadonlyMap<string | undefined, readonly ImageReport[]> {
  const nameOf = change === undefined ? () => undefined : sectionOf(change);
  return Map.groupBy(images, nameOf);
}

/** Lists each image with its source, and below it its digests in a few lines each. */
function blocks(images: readonly ImageReport[], indent: string): string[] {
  const groups = [...Map.groupBy(images, repositoryOfSource)];
  return groups.flatMap(([source, members], index) => [
    ...(index === 0 ? [] : ['']),
    `${indent}${members[0]?.name ?? ''}  from ${source}`,
    ...members.flatMap((image) => block(image, `${indent}  `)),
  ]);
}

function block(image: ImageReport, indent: string): string[] {
  const lacks = lackTexts(image);
  const first = lacks.findIndex((lack) => lack.startsWith('copy '));
  const facts = [
    ...lacks.map((lack, index) => (index === first ? `${lack} (${sizeText(image)})` : lack)),
    ...refusalTexts(image),
    ...unknownTexts(image),
    stateTexts(image).join(', '),
  ];
  return [
    `${indent}${shortDigests(image.digest)}  ${tagsText(image.tags)}`,
    ...facts.filter((text) => text !== '').map((text) => `${indent}    ${text}`),
  ];
}

/**
 * Lists digests in one line each. The first of an image has its name, or its source if the name is ambiguous. Facts
 * that all digests share come first.
 */
function rows(images: readonly ImageReport[], indent: string): readonly string[] {
  const groups = [...Map.groupBy(images, repositoryOfSource)];
  const names = groups.map(([, members]) => members[0]?.name);
  const isOnly = (name: string): boolean => names.indexOf(name) === names.lastIndexOf(name);
  const states = new Set(images.map(stateWords));
  const [common = ''] = states.size === 1 ? states : [];
  const cells = groups.flatMap(([source, members]) =>
    members.map((image, index) => {
      const what = [...lackTexts(image), ...refusalTexts(image), ...unknownTexts(image)].join('; ');
      const size = copiesOf(image) === 0 ? '' : sizeText(image);
      const name = index > 0 ? '' : isOnly(image.name) ? image.name : source;
      return [
        name,
        shortDigests(image.digest),
        tagsText(image.tags),
        what,
        size,
        common === '' ? stateWords(image) : '',
      ];
    }),
  );
  return [...(common === '' ? [] : [`${indent}each: ${common}`]), ...table(cells, indent)];
}

function sizeText({ size }: ImageReport): string {
  return size === undefined ? 'size unknown' : bytesText(size);
}

function repositoryOfSource({ source }: ImageReport): string {
  return source.replace(/@.*$/, '');
}
