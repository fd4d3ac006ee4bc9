import { RE2JS } from 're2js';

/** Compiles a regular expression of Go that may match any part of a text; undefined if it is invalid. Matches in linear time. */
export function goPattern(pattern: string): ((text: string) => boolean) | undefined {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
}
