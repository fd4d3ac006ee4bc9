/**
 * The most entries, keys and values that one file may have: in the largest file one for every nine characters, where a
 * digest alone has 71. Each needs some 200 bytes, and 600 with what may be wrong with it.
 */
export const MAX_NODES = 900_000;

const [TAB, LF, CR, SPACE, COMMA, DASH, COLON, QUESTION, OPEN_LIST, OPEN_MAPPING] = [
  0x09, 0x0a, 0x0d, 0x20, 0x2c, 0x2d, 0x3a, 0x3f, 0x5b, 0x7b,
] as const;

/**
 * Estimates without parsing how many nodes a parser makes of a text, within a factor of three: what begins an entry counts,
 * wherever it stands. Stops above `most`.
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
        // as the value of a key it is counted there
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
