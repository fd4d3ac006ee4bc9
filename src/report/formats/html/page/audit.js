import { el, growing, section } from './dom.js';
import { counted, short } from './format.js';

/** How production differs from the tree, what a baseline accepts last. */
export function audit({ audit: audited }) {
  if (audited === undefined) return undefined;
  const { images, repositories, findings: all, notes, baseline = [] } = audited;
  const sorted = all.toSorted((a, b) => Number(a.known !== undefined) - Number(b.known !== undefined));
  const list = el('ul', { class: 'findings' });
  const idle = baseline.map(
    ({ why, code, reference, file, line }) => `${why} in the baseline: ${code} ${reference} (${file}:${line})`,
  );
  return section(
    'audit',
    'Production against the tree',
    `${counted(images, 'image')} in ${repositories} repositories compared.`,
    ...growing(list, sorted, difference, 'differences'),
    ...[...idle, ...notes.map((note) => `Not looked at: ${note}`)].map((text) => el('p', { class: 'note' }, text)),
  );
}

function difference({ code, reference, digest, tags, message, hint, places, known }) {
  const [name, look] = known === undefined ? [code, 'failed'] : [`${code}, known`, 'unverifiable'];
  return el(
    'li',
    {},
    el(
      'p',
      {},
      el('span', { class: `status ${look}` }, name),
      ' ',
      el('b', {}, reference),
      ` ${short(digest)} ${tags.join(' ')}`,
    ),
    el('p', {}, short(message)),
    el('p', { class: 'note' }, known === undefined ? hint : `${known.reason} (until ${known.until})`),
    el('p', { class: 'place' }, places.map(({ ref }) => short(ref)).join(' ')),
  );
}
