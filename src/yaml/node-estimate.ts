/**
 * Maximum number of entries, keys and values in one file: one for every nine characters of the largest file, whereas a
 * digest alone has 71. Each needs some 200 bytes, and 600 with its possible problem.
 */
export const MAX_NODES = 900_000;

const [TAB, LF, CR, SPACE, COMMA, DASH, COLON, QUESTION, OPEN_LIST, OPEN_MAPPING] = [
  0x09, 0x0a, 0x0d, 0x20, 0x2c, 0x2d, 0x3a, 0x3f, 0x5b, 0x7b,
] as const;

/**
 * Estimates the number of nodes in a text without parsing it, within a factor of three: every character that starts an
 * entry counts. Stops above `most`.
 */
export function estimateNodes(text: string, most: number): number {
  let nodes = 1;
  for (let index = 0; index < text.length && nodes <= most; index += 1) {
    switch (text.charCodeAt(index)) {
      // an entry, or a key and its value
      case COMMA:
        nodes += 2;
        break;
      case OPEN_LIST:
      case OPEN_MAPPING:
        // the value of a key is counted with the key
        if (text.charCodeAt(index - 1) !== COLON && text.charCodeAt(index - 2) !== COLON) nodes += 1;
        break;
      case COLON:
      case QUESTION:
        if (endsIndicator(text, index + 1)) nodes += 2;
        break;
      case DASH:
        if (endsIndicator(text, index + 1)) nodes += 1;
        break;
      default:
    }
  }
  return nodes;
}

function endsIndicator(text: string, index: number): boolean {
  if (index >= text.length) return true;
  const code = text.charCodeAt(index);
  return code === SPACE || code === LF || code === CR || code === TAB || code === COMMA;
}
