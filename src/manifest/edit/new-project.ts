import { PromotionError } from '../../errors.ts';
import { parseThin } from '../parse.ts';
import { newImage, type Addition } from './images.ts';
import { byCharacter, TEXT_ORDERS, type Order } from './order.ts';
import { entryText, quoted, USUAL_STYLE } from './style.ts';

/** Returns the text of a manifest with these registries. */
export function newManifest(source: string, destination: string): string {
  return `registries:\n- name: ${quoted(source, '')}\n  src: true\n- name: ${quoted(destination, '')}\n`;
}

/** Returns the text of an images file, as `addImages` would write it: images by name, digests and tags by version. */
export function newImages(additions: readonly Addition[]): string {
  const images = Map.groupBy(additions, ({ name }) => name);
  const names = [...images.keys()].toSorted(byCharacter);
  return names.map((name) => imageText(images.get(name) ?? [])).join('');
}

function imageText(additions: readonly Addition[]): string {
  const entries = additions
    .map((one) => ({ ...one, tags: one.tags.toSorted(byVersion) }))
    .toSorted((a, b) => byVersion(a.tags[0] ?? '', b.tags[0] ?? '') || byCharacter(a.digest, b.digest));
  const [first, ...others] = entries;
  if (first === undefined) return '';
  const lines = others.map((entry) => `    ${entryText(entry, USUAL_STYLE, { column: 4, lineEnd: '\n' })}\n`);
  return `${newImage(first, '\n')}\n${lines.join('')}`;
}

const byVersion: Order<string> = (a, b) => TEXT_ORDERS[0]?.(a, b) || byCharacter(a, b);

/** Throws INTERNAL if a project with these texts has a problem, so that no invalid tree is written. */
export function checkNewProject(name: string, manifest: string, images: string): void {
  const [problem] = parseThin(
    name,
    { file: `the manifest of ${name}`, bytes: Buffer.from(manifest) },
    { file: `the images of ${name}`, bytes: Buffer.from(images) },
    undefined,
  ).problems;
  if (problem === undefined) return;
  const { file, line } = problem.position;
  throw new PromotionError('INTERNAL', `${file} would be invalid at line ${line}: ${problem.message}`, {
    hint: 'report this case; nothing of this project is written',
  });
}
