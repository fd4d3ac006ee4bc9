import type { Compared } from './results.ts';
import type { Figures, Limit } from './scenario.ts';

/** What one scenario prints. */
export type Block = {
  readonly name: string;
  readonly compared: readonly Compared[];
  readonly local: Figures;
  readonly problems: readonly string[];
};

const HEAD = ['scenario', 'figure', 'measured', 'committed', 'difference', 'limit', ''];
/** Columns of text; the others hold numbers, which end at the same place. */
const LEFT = new Set([0, 1, 5, 6]);

/** Returns a table of every figure, the committed one, and the difference; problems below it. */
export function table(blocks: readonly Block[]): string {
  const rows = blocks.flatMap(rowsOf);
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => all.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0));
  const lines = all.map((row) =>
    row
      .map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const problems = blocks.flatMap(({ name, problems: all_ }) => all_.map((problem) => `${name}: ${problem}`));
  return [...lines, ...(problems.length > 0 ? ['', ...problems] : [])].join('\n');
}

function rowsOf({ name, compared, local }: Block): readonly (readonly string[])[] {
  const figures = compared.map(({ name: figure, measured, committed, limit, problem }) => [
    figure,
    number(measured),
    committed === undefined ? '–' : number(committed),
    committed === undefined ? '–' : difference(measured, committed),
    limitOf(limit),
    problem === undefined ? '' : `FAILED: ${problem}`,
  ]);
  const others = Object.entries(local).map(([figure, value]) => [figure, number(value), '', '', '', '']);
  return [...figures, ...others].map((cells, index) => [index === 0 ? name : '', ...cells]);
}

function number(value: number): string {
  return Number.isNaN(value) ? '–' : value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

function difference(measured: number, committed: number): string {
  if (measured === committed) return '0 %';
  if (committed === 0) return '–';
  const percent = (measured / committed - 1) * 100;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
}

function limitOf(limit: Limit | undefined): string {
  if (limit === undefined) return '';
  return 'most' in limit ? `≤ ${number(limit.most)}` : `≥ ${number(limit.least)}`;
}
