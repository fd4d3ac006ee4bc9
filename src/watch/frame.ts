import { bytesText, count } from '../text/layout.ts';
import { terminalText } from '../text/escape/terminal.ts';
import { shareOf, type RunStatus } from './status.ts';
import { shownRegistries, progressText, registryText, spanText } from './words.ts';

/** The cells of a screen that lines may use. */
export type Room = { readonly columns: number; readonly rows: number };

/** More would push the log out of a small window. */
const REGISTRIES = 4;
/** Narrower bars show nothing, wider ones no more. */
const BAR = { least: 8, most: 30 };

/** Returns the status of a run as lines that fit the screen; none if there is no space. */
export function frameOf(status: RunStatus, { columns, rows }: Room): readonly string[] {
  // a character in the last column makes some terminals start a new line
  const width = columns - 1;
  const lines = [
    ...headline(status, width),
    speedLine(status),
    ...registryLines(status),
    ...status.warnings.map((text) => `! ${text}`),
  ];
  return lines.slice(0, Math.max(0, rows)).map((line) => cut(line, width));
}

function headline(status: RunStatus, width: number): string[] {
  const { phase, progress, left, failures } = status;
  const parts = [
    progressText(status),
    failures === 0 ? '' : `${failures} failed`,
    left === undefined ? '' : `${spanText(left)} left`,
  ].filter((part) => part !== '');
  const unnamed = progress === undefined ? 'starting' : 'reading';
  const named = phase === undefined ? unnamed : `${phase.index}/${phase.of} ${phase.name}`;
  const name = status.isStopping ? `stopping ${named}` : named;
  const text = parts.join(', ');
  if (name.length + text.length + 2 > width) return [name, `  ${text}`];
  const room = width - name.length - text.length - '  []  '.length;
  const bar = progress === undefined || room < BAR.least ? '' : `  ${barOf(progress, Math.min(BAR.most, room))}`;
  return [`${name}${bar}${text === '' ? '' : `  ${text}`}`];
}

function barOf(progress: NonNullable<RunStatus['progress']>, cells: number): string {
  const full = Math.floor(cells * shareOf(progress));
  return `[${'#'.repeat(full)}${'-'.repeat(cells - full)}]`;
}

function speedLine({ bytes, bytesPerSecond, elapsed }: RunStatus): string {
  return `  ${bytesText(Math.round(bytesPerSecond))}/s, ${bytesText(bytes)} in ${spanText(elapsed)}`;
}

function registryLines({ registries }: RunStatus): string[] {
  const shown = shownRegistries(registries, REGISTRIES);
  const hidden = registries.filter((one) => !shown.includes(one));
  const perSecond = hidden.reduce((sum, one) => sum + one.perSecond, 0);
  return [
    ...shown.map((one) => `  ${registryText(one)}`),
    ...(hidden.length === 0
      ? []
      : [`  and ${count(hidden.length, 'more registry', 'more registries')} ${Math.round(perSecond)}/s`]),
  ];
}

/** Returns a line in ASCII, cut to the width: terminals differ in the width of other characters. */
function cut(text: string, width: number): string {
  const line = terminalText(text).replaceAll(/[^ -~]/gu, '?');
  return line.length <= width ? line : `${line.slice(0, width - 1)}~`;
}
