/**
 * The most entries, keys and values that one file may have: twice as many as fit into the largest file if each is a tag.
 * Parsing needs some 200 bytes for each.
 */
export const MAX_NODES = 1_000_000;

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
      case COMMA:
      case OPEN_LIST:
      case OPEN_MAPPING:
        nodes += 1;
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
