import { z } from 'zod';
import { ReasonError } from '../errors.ts';
import { isDigest, type Digest } from './digest.ts';
import { hasTooManyValues } from './json-values.ts';

/** JSON that every client reads alike, or why bytes are not. */
export type JsonRead = { readonly value: unknown } | { readonly problem: string };

/** Far deeper than any document in use; recursive readers overflow at some thousands. */
const MAX_DEPTH = 200;

/**
 * Parses foreign JSON. Refuses what parsers read differently: invalid UTF-8, a key twice in one object, which Go takes the
 * last of and others the first, and nesting that some cannot follow.
 */
export function readJson(bytes: Uint8Array): JsonRead {
  const text = utf8In(bytes);
  if (text === undefined) return { problem: 'is not valid UTF-8' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'is not JSON' };
  }
  const problem = ambiguityIn(text);
  return problem === undefined ? { value } : { problem };
}

/** The same of a manifest, which has few values for its size. */
export function readManifestJson(bytes: Uint8Array): JsonRead {
  return hasTooManyValues(bytes) ? { problem: 'has more values than any image needs' } : readJson(bytes);
}

/** The value of a manifest; undefined if `readManifestJson` refuses it. */
export function manifestJsonIn(bytes: Uint8Array): unknown {
  const read = readManifestJson(bytes);
  return 'value' in read ? read.value : undefined;
}

/** The value of foreign JSON; undefined if it is invalid, or ambiguous as `readJson` says. */
export function jsonIn(bytes: Uint8Array): unknown {
  const read = readJson(bytes);
  return 'value' in read ? read.value : undefined;
}

/** The value of foreign JSON; throws a ReasonError if it is refused. */
export function parseJson(bytes: Uint8Array): unknown {
  const read = readJson(bytes);
  if ('problem' in read) throw new ReasonError(`it ${read.problem}`);
  return read.value;
}

function utf8In(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Looks through valid JSON once. */
function ambiguityIn(text: string): string | undefined {
  const open: Set<string>[] = [];
  let [from, to] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      [from, to] = [at, endOfString(text, at)];
      at = to;
    } else if (char === '{' || char === '[') {
      if (open.push(new Set()) > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
    } else if (char === '}' || char === ']') open.pop();
    else if (char === ':') {
      const key = keyIn(text.slice(from, to + 1));
      const keys = open.at(-1);
      if (keys?.has(key) === true) return `has the key ${JSON.stringify(key.slice(0, 64))} twice in one object`;
      keys?.add(key);
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}

/** The key as Go keeps it: half of a surrogate pair is U+FFFD. */
function keyIn(quoted: string): string {
  const key: unknown = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  return String(key).toWellFormed();
}

/**
 * An object with these fields. Refuses a key that differs from one of them in case only: Go takes it for that field, other
 * parsers leave it out.
 */
export function exactJson<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$loose> {
  const names = new Map(Object.keys(shape).map((name) => [folded(name), name]));
  return z.looseObject(shape).superRefine((value, context) => {
    for (const key of Object.keys(value)) {
      const name = names.get(folded(key));
      if (name !== undefined && name !== key)
        context.addIssue({ code: 'custom', message: `${JSON.stringify(key)} is written for "${name}"` });
    }
  });
}

/** Keys that Go takes for one have one form: it folds as Unicode does, the Kelvin sign to k and the long s to s. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** A list in foreign JSON; Go programs write null for an empty one, or leave it out. */
export function listJson<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> {
  return z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
}

/** A digest in foreign JSON. */
export const digestJson = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
