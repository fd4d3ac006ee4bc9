import { readDeploy } from './files.ts';

/** A file of deploy/ with texts replaced everywhere, as its comments ask for; throws if it does not have one of them. */
export function edited(file: string, changes: readonly (readonly [from: string, to: string])[]): string {
  let text = readDeploy(file);
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} does not have ${from}`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}
