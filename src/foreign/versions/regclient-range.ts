import { compareVersions, type Version } from './compare.ts';

// Versions of any number of parts: https://github.com/regclient/regclient/blob/v0.11.7/internal/semver/semver.go

type Comparator = { readonly operator: string; readonly version: Version };

/** Reads a range of regsync, such as `>=1.2 <2`; undefined if it is invalid. All its comparators must hold. */
export function regclientRange(text: string): ((tag: string) => boolean) | undefined {
  const words = text.trim().split(/\s+/);
  const comparators: Comparator[] = [];
  for (const word of words) {
    const [, operator = '', rest = ''] = /^(\^|~|>=|<=|>|<|=|)(.*)$/.exec(word) ?? [];
    const version = versionOf(rest);
    if (version === undefined) return undefined;
    const [major = 0, minor = 0, patch = 0] = version.parts;
    if (operator === '^' || operator === '~') {
      const above = operator === '~' ? [major, minor + 1, 0] : nextAfter(major, minor, patch);
      comparators.push({ operator: '>=', version }, { operator: '<', version: { parts: above, pre: '' } });
    } else comparators.push({ operator: operator || '=', version });
  }
  return (tag) => {
    const version = versionOf(tag);
    return version !== undefined && comparators.every((one) => holds(one, version));
  };
}

function nextAfter(major: number, minor: number, patch: number): readonly number[] {
  if (major > 0) return [major + 1, 0, 0];
  return minor > 0 ? [0, minor + 1, 0] : [0, 0, patch + 1];
}

function holds({ operator, version: bound }: Comparator, version: Version): boolean {
  const order = compareVersions(version, bound, comparePre);
  if (operator === '=') return order === 0;
  if (operator.endsWith('=') && order === 0) return true;
  return operator.startsWith('>') ? order > 0 : order < 0;
}

function versionOf(text: string): Version | undefined {
  const [plain = ''] = text.replace(/^v/, '').split('+', 1);
  const dash = plain.indexOf('-');
  const numbers = dash < 0 ? plain : plain.slice(0, dash);
  // Go's Atoi: a sign is permitted, an empty part is not
  if (!/^[+-]?\d{1,18}(?:\.[+-]?\d{1,18})*$/.test(numbers)) return undefined;
  return { parts: numbers.split('.').map(Number), pre: dash < 0 ? '' : plain.slice(dash + 1) };
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) break;
    const order = compareIdentifier(part, other);
    // as in regclient: rc.1 and rc.2 are equal, since their first parts are the same word
    if (order === 'equal') return 0;
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Compares texts and numbers in turn, so that `rc9` precedes `rc10`. */
function compareIdentifier(a: string, b: string): number | 'equal' {
  let [left, right] = [a, b];
  while (left !== '' && right !== '') {
    const [mine, theirs] = [left, right].map((text) => /^(\D*)(\d*)/.exec(text) ?? ['', '', '']);
    const [, head = '', number = ''] = mine ?? [];
    const [, otherHead = '', otherNumber = ''] = theirs ?? [];
    if (head !== otherHead) return head < otherHead ? -1 : 1;
    if (number === '' || otherNumber === '') return number === otherNumber ? 'equal' : number === '' ? -1 : 1;
    if (Number(number) !== Number(otherNumber)) return Number(number) - Number(otherNumber);
    left = left.slice(head.length + number.length);
    right = right.slice(otherHead.length + otherNumber.length);
  }
  return left === right ? 0 : left === '' ? -1 : 1;
}
