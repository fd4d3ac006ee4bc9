import { el } from './dom.js';
import { short } from './format.js';

/** Worst first. */
const WORST = ['failed', 'unknown', 'copy?', 'tag?', 'copy', 'tag', 'present'];

const WORDS = {
  failed: 'failed',
  unknown: 'could not be read',
  'copy?': 'to copy',
  'tag?': 'to tag',
  copy: 'copied',
  tag: 'tagged',
  present: 'there before',
};

/** Returns label and style of an action. */
export function actionOf(action) {
  return { word: WORDS[action], look: action.replace('?', '-pending') };
}

/** Converts images to rows: the worst state on each mirror, and the text for the search. */
export function rowsOf({ images, mirrors, texts }) {
  const order = ['failed', 'unknown', 'pending', 'done'];
  const rows = images.map((image) => {
    const cells = Array(mirrors.length).fill(undefined);
    for (const [mirror, , action] of image.targets) cells[mirror] = worse(cells[mirror], action);
    for (const [mirror, state] of image.states) cells[mirror] = cellOf(state, cells[mirror]);
    const codes = [...image.targets.map((target) => target.at(-1)), ...image.states.map((state) => state.at(-1))];
    const places = cells.flatMap((cell, mirror) => (cell === undefined ? [] : [mirrors[mirror]]));
    const words = [...new Set(codes)].map((code) => texts[code] ?? '');
    const searched = [image.name, ...image.tags, image.digest, image.file, image.source, ...words, ...places]
      .join(' ')
      .toLowerCase();
    return { image, cells, searched, kinds: kindsOf(image, cells) };
  });
  return rows.toSorted((a, b) => order.indexOf(a.image.state) - order.indexOf(b.image.state));
}

/** Combines the state of the mirror with the action of its references. */
function cellOf(state, action) {
  if (state === 'failed' || state === 'unknown' || state === 'present') return state;
  return action ?? (state === 'pending' ? 'copy?' : 'copy');
}

function worse(a, b) {
  if (a === undefined) return b;
  return WORST.indexOf(a) < WORST.indexOf(b) ? a : b;
}

/** The filters of the matrix. */
export const KINDS = [
  ['failed', 'Failed'],
  ['unknown', 'Unknown'],
  ['pending', 'Pending'],
  ['copy', 'Copied'],
  ['tag', 'Tagged'],
  ['signed', 'Signed or recorded'],
  ['attached', 'Signatures copied'],
];

function kindsOf({ state, signature, attached }, cells) {
  const kinds = [state];
  if (attached) kinds.push('attached');
  else if (cells.includes('copy')) kinds.push('copy');
  else if (cells.includes('tag')) kinds.push('tag');
  if (signature?.signature === 'written' || signature?.record === 'written') kinds.push('signed');
  return kinds;
}

/** Renders a row; `index` is its position among the visible rows. */
export function rowElement({ image, cells }, index, total) {
  const done = cells.filter((cell) => cell === 'copy' || cell === 'tag' || cell === 'present').length;
  const all = cells.filter((cell) => cell !== undefined).length;
  const label = `${image.name} ${image.tags.join(' ')}: ${stateWord(image, cells)}, ${done} of ${all} mirrors`;
  return el(
    'div',
    {
      class: `row ${image.state}`,
      role: 'option',
      id: `row-${index}`,
      'aria-label': label,
      'aria-posinset': index + 1,
      'aria-setsize': total,
    },
    el('span', { class: `mark ${image.state}` }),
    el('span', { class: 'name' }, el('b', {}, image.name), ' ', el('span', { class: 'tags' }, image.tags.join(' '))),
    el('span', { class: 'digest' }, short(image.digest).replace('sha256:', '')),
    el(
      'span',
      { class: 'cells' },
      ...cells.map((cell) => el('i', { class: cell === undefined ? 'cell' : `cell ${actionOf(cell).look}` })),
    ),
    el('span', { class: 'ratio' }, ratioText(image, cells, done, all)),
  );
}

function ratioText(image, cells, done, all) {
  if (all === 0) return stateWord(image, cells);
  const due = cells.filter((cell) => cell?.endsWith('?')).length;
  return image.state === 'pending' && due > 0 ? `${due} to do` : `${done} of ${all}`;
}

/** Returns the state of an image in a few words. */
function stateWord({ state, signature }, cells) {
  if (state === 'unknown') return 'unknown';
  if (state !== 'done') return state;
  if (cells.includes('copy')) return 'copied';
  if (cells.includes('tag')) return 'tagged';
  return signature?.signature === 'written' ? 'signed' : signature?.record === 'written' ? 'recorded' : 'done';
}
