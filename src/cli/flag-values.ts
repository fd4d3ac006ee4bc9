const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** The words of Go's strconv.ParseBool; undefined for any other. */
export function parseBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

// https://go.dev/ref/spec#Integer_literals: an underscore stands after a base prefix or between digits
const INTEGER =
  /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]((?:_?[0-7])+)|0((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/;

/** A whole number as Go's strconv.ParseInt reads it with base 0; undefined when it is none, or too large to be exact here. */
export function parseInteger(text: string): number | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, oldOctal, decimal] = match;
  const digits = (hex ?? binary ?? octal ?? oldOctal ?? decimal ?? '').replaceAll('_', '');
  const base = hex !== undefined ? 16 : binary !== undefined ? 2 : decimal !== undefined ? 10 : 8;
  const magnitude = Number.parseInt(digits, base);
  if (!Number.isSafeInteger(magnitude)) return undefined;
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

// https://pkg.go.dev/time#ParseDuration; both code points that look like µ
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};
const DURATION = /^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const DURATION_PART = /([0-9.]+)([a-zµμ]+)/g;

/** Go counts nanoseconds in 64 bits: this many milliseconds are the most it can hold. */
const MAX_DURATION = 2 ** 63 / 1e6;

/** Milliseconds of what Go's time.ParseDuration accepts (`1h30m`, `1.5s`, `-2ms`, `0`); undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(DURATION_PART))
    sum += Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (sum >= MAX_DURATION) return undefined;
  return text.startsWith('-') ? -sum : sum;
}
