/** Wider than any terminal; the log has the whole text. */
const LONGEST = 1000;

/** Returns the start of a text that is kept only to be shown. */
export function clip(text: string): string {
  return text.length > LONGEST ? text.slice(0, LONGEST) : text;
}
