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

/** Maximum in milliseconds: Go counts nanoseconds in 64 bits. */
const MAX_DURATION = 2 ** 63 / 1e6;

/**
 * Parses a duration of Go's time.ParseDuration (`1h30m`, `1.5s`, `-2ms`, `0`) to milliseconds; undefined for other
 * text.
 */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(DURATION_PART))
    sum += Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (sum >= MAX_DURATION) return undefined;
  return text.startsWith('-') ? -sum : sum;
}
