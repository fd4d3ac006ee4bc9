/**
 * Serializes JSON like Go's `json.Marshal`: without spaces, and with characters special to HTML or JavaScript escaped.
 */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
