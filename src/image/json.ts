import { z } from 'zod';
import { ReasonError } from '../errors.ts';
import { isDigest, type Digest } from './digest.ts';
import { hasTooManyValues } from './json-values.ts';

/** JSON that every parser reads alike, or why it is rejected. */
type JsonRead = { readonly value: unknown } | { readonly problem: string };

/** Far deeper than any document in use; recursive readers overflow at some thousands. */
const MAX_DEPTH = 200;

/**
 * Parses untrusted JSON. Rejects what parsers read differently: invalid UTF-8, duplicate keys (Go uses the last, others
 * the first), and nesting that is too deep for some.
 */
function readJson(bytes: Uint8Array): JsonRead {
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

/** Like readJson for a manifest, which has few values for its size. */
export function readManifestJson(bytes: Uint8Array): JsonRead {
  return hasTooManyValues(bytes) ? { problem: 'has more values than any image needs' } : readJson(bytes);
}

/** Returns the value of a manifest's JSON; undefined if `readManifestJson` rejects it. */
export function manifestJsonIn(bytes: Uint8Array): unknown {
  const read = readManifestJson(bytes);
  return 'value' in read ? read.value : undefined;
}

/** Returns the value of untrusted JSON; undefined if `readJson` rejects it. */
export function jsonIn(bytes: Uint8Array): unknown {
  const read = readJson(bytes);
  return 'value' in read ? read.value : undefined;
}

/** Returns the value of untrusted JSON; throws a ReasonError if it is rejected. */
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

/** Scans valid JSON once for duplicate keys and deep nesting. */
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

/** Returns the key as Go reads it: a lone surrogate becomes U+FFFD. */
function keyIn(quoted: string): string {
  const key: unknown = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  return String(key).toWellFormed();
}

/**
 * A schema for an object with these fields. Rejects a key that differs from a field only in case: Go reads it as that
 * field, other parsers ignore it.
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

/**
 * Normalizes keys that Go treats as equal: it uses Unicode case folding, which maps the Kelvin sign to k and the long s
 * to s.
 */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** A schema for a list in untrusted JSON; Go programs write null for an empty list, or omit it. */
export function listJson<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> {
  return z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
}

/** A schema for a digest. */
export const digestJson = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
