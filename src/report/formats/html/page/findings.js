import { el, growing, section } from './dom.js';
import { counted, short } from './format.js';

/** Shows the findings of a signature check, problems first. */
export function findings({ check }) {
  if (check === undefined) return undefined;
  const sorted = check.findings.toSorted((a, b) => Number(a.status === 'verified') - Number(b.status === 'verified'));
  const left = check.beyond === 0 ? '' : `, ${check.beyond} more left out`;
  const list = el('ul', { class: 'findings' });
  return section(
    'findings',
    'Signatures and records',
    `${counted(check.digests, 'digest')} checked${left}.`,
    ...growing(list, sorted, finding, 'findings'),
  );
}

function finding({ name, digest, subjects, what, status, words, who, why, repositories, places }) {
  const platforms = subjects.filter((subject) => subject !== digest).length;
  const about = platforms === 0 ? '' : ` (${counted(platforms, 'platform')})`;
  return el(
    'li',
    {},
    el('p', {}, el('span', { class: `status ${status}` }, words), ' ', el('b', {}, name), ` ${short(digest)}${about}`),
    el(
      'p',
      { class: 'note' },
      [`${what} in ${repositories.length} of ${places} places`, who ?? '', short(why ?? '')]
        .filter((part) => part !== '')
        .join(' · '),
    ),
    repositories.length === places ? '' : el('p', { class: 'place' }, repositories.join(' ')),
  );
}
