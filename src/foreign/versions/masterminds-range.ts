import { RE2JS } from 're2js';
import { compareVersions, type Version as AnyVersion } from './compare.ts';

// The grammar and rules of https://github.com/Masterminds/semver/blob/v3.4.0/constraints.go, which Skopeo uses.
const VERSION = '(-([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?(\\+([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?';
const PART = '[0-9|x|X|\\*]+';
const BOUND = `v?(${PART})(\\.${PART})?(\\.${PART})?${VERSION}`;
const OPERATOR = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';
const ONE = `\\s*(${OPERATOR})\\s*(${BOUND})\\s*`;
const TAG = RE2JS.compile(`v?([0-9]+)(\\.[0-9]+)?(\\.[0-9]+)?${VERSION}`);
const ALL = RE2JS.compile(`(${ONE})((?:\\s+|,\\s*)(${OPERATOR})\\s*(${BOUND})\\s*)*`);
const EACH = RE2JS.compile(`(${OPERATOR})\\s*(${BOUND})`);
const FROM_TO = RE2JS.compile(`\\s*(${BOUND})\\s+-\\s+(${BOUND})\\s*`);

type Version = AnyVersion & { readonly parts: readonly [number, number, number] };

/** `open`: the number of leading parts that are given; 3 for a whole version. */
type Bound = Version & { readonly operator: string; readonly open: number };

/** Reads a constraint of Skopeo, such as `>= 3.12, < 4 || 2.x`; undefined if it is invalid. */
export function mastermindsRange(text: string): ((tag: string) => boolean) | undefined {
  const alternatives: (readonly Bound[])[] = [];
  for (const part of rewritten(text).split('||')) {
    if (!ALL.matches(part)) return undefined;
    const bounds: Bound[] = [];
    for (const found = EACH.matcher(part); found.find();) {
      const bound = boundOf(
        found.group(1) ?? '',
        [3, 4, 5].map((index) => found.group(index) ?? ''),
        found.group(7) ?? '',
      );
      if (bound === undefined) return undefined;
      bounds.push(bound);
    }
    alternatives.push(bounds);
  }
  return (tag) => {
    const version = versionOf(tag);
    return version !== undefined && alternatives.some((bounds) => holdAll(bounds, version));
  };
}

/** Writes `1.2 - 1.4` as `>= 1.2, <= 1.4 `. */
function rewritten(text: string): string {
  return FROM_TO.matcher(text).replaceAll('>= $1, <= $11 ');
}

function boundOf(operator: string, written: readonly string[], pre: string): Bound | undefined {
  const parts = written.map((part) => part.replace(/^\./, ''));
  const given = parts.findIndex((part) => part === '' || /^[xX*]$/.test(part));
  const open = given < 0 ? 3 : given;
  const [major = 0, minor = 0, patch = 0] = parts.slice(0, open).map(Number);
  if ([major, minor, patch].some(Number.isNaN)) return undefined;
  return { operator, open, parts: [major, minor, patch], pre };
}

function versionOf(tag: string): Version | undefined {
  const found = TAG.matcher(tag);
  if (!found.matches()) return undefined;
  const [major = 0, minor = 0, patch = 0] = [1, 2, 3].map((index) =>
    Number((found.group(index) ?? '0').replace('.', '')),
  );
  const pre = found.group(5) ?? '';
  // semver: a number has no leading zero
  if (pre.split('.').some((part) => /^0\d+$/.test(part))) return undefined;
  return { parts: [major, minor, patch], pre };
}

/** A pre-release fits only if a bound of the group names one. */
function holdAll(bounds: readonly Bound[], version: Version): boolean {
  if (version.pre !== '' && bounds.every(({ pre }) => pre === '')) return false;
  return bounds.every((bound) => holds(bound, version));
}

function holds(bound: Bound, version: Version): boolean {
  const order = compareVersions(version, bound, comparePre);
  if (bound.operator === '<') return order < 0;
  if (bound.operator === '>=' || bound.operator === '=>') return order >= 0;
  // "*" counts as 0.0.0 after these operators
  const isWhole = bound.open === 3 || bound.open === 0;
  if (bound.operator === '>') return isWhole ? order > 0 : isAbove(bound, version);
  if (bound.operator === '!=') return isWhole ? order !== 0 : !isWithin(bound, version, bound.open);
  if (bound.operator === '<=' || bound.operator === '=<')
    return bound.open === 3 ? order <= 0 : !isAbove({ ...bound, open: bound.open || 2 }, version);
  if (order < 0) return false;
  if (bound.operator === '^') return fitsCaret(bound, version);
  const isExact = bound.open === 3 && (bound.operator === '' || bound.operator === '=');
  return isExact ? order === 0 : fitsTilde(bound, version);
}

/** `~1.2.3` and `1.2.x`: at least that version, with the same major and minor part. */
function fitsTilde(bound: Bound, version: Version): boolean {
  const isAny = bound.parts.every((part) => part === 0) && (bound.open === 0 || bound.open === 3);
  return isAny || isWithin(bound, version, Math.min(bound.open, 2));
}

/** `^`: at least that version, with the same parts up to the first that is not 0. */
function fitsCaret({ parts, open }: Bound, { parts: own }: Version): boolean {
  if (parts[0] > 0 || open === 1) return own[0] === parts[0];
  if (own[0] > 0) return false;
  if (parts[1] > 0 || open === 2) return own[1] === parts[1];
  return own[1] === 0 && own[2] === parts[2];
}

/** Returns true if the given parts of a bound are lower than those of the version: 12.0 is above `11`, 11.1 is not. */
function isAbove({ parts, open }: Bound, { parts: own }: Version): boolean {
  const different = own.findIndex((part, index) => part !== parts[index]);
  return different >= 0 && different < open && (own[different] ?? 0) > (parts[different] ?? 0);
}

function isWithin({ parts }: Bound, { parts: own }: Version, count: number): boolean {
  return own.every((part, index) => index >= count || part === parts[index]);
}

// https://semver.org/#spec-item-11
function comparePre(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOther] = [part, other].map((text) => /^\d+$/.test(text));
    if (isNumber && isOther) return Number(part) - Number(other);
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return a.length - b.length;
}
