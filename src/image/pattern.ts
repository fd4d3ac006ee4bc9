import { PromotionError } from '../errors.ts';
import { hostPatternProblem, plainForm } from './host.ts';
import { spellingsOf } from './reference.ts';

/** A compiled name pattern; `text` is as the user wrote it, in lower case. */
export type Pattern = {
  readonly text: string;
  /** Returns true if the whole `host[:port][/path]` matches, in any case. */
  matches(name: string): boolean;
};

/** One step of a pattern: a literal character, or a run without the characters in `stops`. */
type Step = { readonly character: string } | { readonly stops: string };

// A host's "*" must not reach the next label or the port. No wildcard of a host reaches into the path, or "**.pkg.dev"
// would match "evil.example/x.pkg.dev".
const HOST_STOPS = { '*': '.:/', '**': '/' };
const PATH_STOPS = { '*': '/', '**': '' };

const PATH = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;

/**
 * Compiles `host[:port][/path]`: `*` is any run without `/` (in the host: within one label), `**` any run. A pattern
 * without a path matches all paths. Throws USAGE if it is invalid.
 */
export function compilePattern(pattern: string): Pattern {
  const text = pattern.toLowerCase();
  const problem = patternProblem(text);
  if (problem !== undefined) {
    throw new PromotionError('USAGE', `pattern ${JSON.stringify(pattern)} ${problem}`, {
      hint: patternHint(text),
    });
  }
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const exact = [...steps(host, HOST_STOPS), ...steps(slash < 0 ? '' : text.slice(slash), PATH_STOPS)];
  const below = slash < 0 ? [...exact, { character: '/' }, { stops: '' }] : undefined;
  return {
    text,
    matches: (name) => covers(exact, name.toLowerCase()) || (below !== undefined && covers(below, name.toLowerCase())),
  };
}

/**
 * Returns true if a pattern matches a registry or repository, in any spelling of its host and with or without the
 * default port.
 */
export function coversRegistry(pattern: Pattern, name: string): boolean {
  return spellingsOf(name).some((spelling) => pattern.matches(spelling));
}

function patternHint(text: string): string {
  const [host = ''] = text.split('/', 1);
  const plain = plainForm(host);
  return plain === undefined
    ? 'write host[:port][/path], for example "*.pkg.dev/acme/**"'
    : `write ${plain} for ${host}`;
}

function patternProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.includes('://')) return 'has a scheme; registries are named without one';
  if (text.includes('***')) return 'has more than two "*" in a row';
  if (text.endsWith('/')) return 'ends with "/"; leave it out to cover all paths';
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const problem = hostPatternProblem(host);
  if (problem !== undefined) return `has no valid host before the first "/" (${JSON.stringify(host)}: ${problem})`;
  const path = slash < 0 ? undefined : text.slice(slash + 1);
  if (path !== undefined && !PATH.test(path)) return `has a path that no repository can have (${JSON.stringify(path)})`;
  return undefined;
}

function steps(text: string, stops: { readonly '*': string; readonly '**': string }): Step[] {
  return (text.match(/\*\*|[^]/g) ?? []).map((part) =>
    part === '*' || part === '**' ? { stops: stops[part] } : { character: part },
  );
}

/**
 * Follows all paths through the pattern at once: a regular expression would need exponential time for some patterns.
 */
function covers(pattern: readonly Step[], name: string): boolean {
  let reached = skipWildcards(pattern, new Set([0]));
  for (const character of name) {
    const next = new Set<number>();
    for (const index of reached) {
      const step = pattern[index];
      if (step === undefined) continue;
      if ('stops' in step) {
        if (!step.stops.includes(character)) next.add(index);
      } else if (step.character === character) {
        next.add(index + 1);
      }
    }
    reached = skipWildcards(pattern, next);
  }
  return reached.has(pattern.length);
}

/** A wildcard may be empty. Iterating a Set includes the members added meanwhile. */
function skipWildcards(pattern: readonly Step[], reached: Set<number>): Set<number> {
  for (const index of reached) {
    const step = pattern[index];
    if (step !== undefined && 'stops' in step) reached.add(index + 1);
  }
  return reached;
}
