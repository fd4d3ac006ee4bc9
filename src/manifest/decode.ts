import type { YamlProblem } from '../yaml/document.ts';
import { sourceText } from '../yaml/source-text.ts';

/** Decodes a file as UTF-8 without its byte order mark; returns a problem if it is not UTF-8. */
export function decodeText(file: string, bytes: Uint8Array): string | YamlProblem {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const lossy = new TextDecoder('utf-8').decode(bytes);
    const position = sourceText(file, lossy).at(lossy.indexOf('\uFFFD'));
    return { message: 'the file is not UTF-8 text', hint: 'save it as UTF-8', position };
  }
}
