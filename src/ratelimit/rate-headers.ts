/** Longest window in seconds: the limit of a longer one is a daily budget, not a rate. */
const LONGEST_WINDOW_S = 60;

/**
 * Returns the rate, in requests a second, that a registry's headers promise for a window of a minute or less:
 * `RateLimit-Limit: 100;w=10`, `RateLimit-Limit` with `RateLimit-Reset`, and `RateLimit: "name";r=50;t=30`
 * (draft-ietf-httpapi-ratelimit-headers). Returns undefined without such headers.
 */
export function promisedRate(header: (name: string) => string | undefined): number | undefined {
  const structured = header('ratelimit');
  if (structured !== undefined) return rate(parameter(structured, 'r'), parameter(structured, 't'));
  const limit = header('ratelimit-limit') ?? header('x-ratelimit-limit');
  if (limit === undefined) return undefined;
  const window = parameter(limit, 'w');
  if (window !== undefined) return rate(Number.parseInt(limit, 10), window);
  const remaining = header('ratelimit-remaining') ?? header('x-ratelimit-remaining');
  const reset = header('ratelimit-reset') ?? header('x-ratelimit-reset');
  return remaining === undefined || reset === undefined ? undefined : rate(Number(remaining), Number(reset));
}

function parameter(text: string, name: string): number | undefined {
  const value = new RegExp(`;\\s*${name}=(\\d+)`).exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

function rate(requests: number | undefined, seconds: number | undefined): number | undefined {
  if (requests === undefined || seconds === undefined || !(requests > 0) || !(seconds > 0)) return undefined;
  return seconds > LONGEST_WINDOW_S ? undefined : requests / seconds;
}
