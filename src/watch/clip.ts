/** Longer than any terminal is wide; the whole is in the log. */
const LONGEST = 1000;

/** The start of a text that may be long, for whoever keeps it only to show it. */
export function clip(text: string): string {
  return text.length > LONGEST ? text.slice(0, LONGEST) : text;
}
