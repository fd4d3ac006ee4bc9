/**
 * Serializes a value as JSON for an HTML script element, without any text that could end the element or start another.
 */
export function embeddedJson(value: unknown): string {
  // https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
