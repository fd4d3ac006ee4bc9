/** The text without the slashes at its end; a regular expression would try each run of slashes from each of its places. */
export function withoutEndSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}
