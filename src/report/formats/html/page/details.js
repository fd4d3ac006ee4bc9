import { el } from './dom.js';
import { bytes, counted, duration } from './format.js';
import { actionOf } from './matrix-rows.js';

/** Opens the details of an image. Escape closes them and restores the focus. */
export function details({ image }, { mirrors, texts }) {
  const close = () => dialog.close();
  const dialog = el(
    'dialog',
    {
      class: 'details',
      'aria-labelledby': 'details-title',
      close: () => dialog.remove(),
      click: (event) => event.target === dialog && close(),
    },
    el(
      'div',
      { class: 'sheet' },
      el(
        'header',
        {},
        el('h2', { id: 'details-title' }, image.name),
        el('button', { type: 'button', click: close }, 'Close'),
      ),
      facts(image),
      unread(image, mirrors, texts),
      targets(image, mirrors, texts),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function facts({ digest, tags, source, file, line, sourceReads, size, signature, attached, facts: others }) {
  const where = signature?.reference === signature?.repository ? '' : ` in ${signature?.repository}`;
  const signed = signature && `${signature.signature}, record ${signature.record}: ${signature.reference}${where}`;
  const all = [
    [attached ? 'Attached to' : 'Digest', digest],
    ['Tags', tags.join(' ')],
    ['Source', source],
    ['Entry', file === '' ? '' : `${file}:${line}`],
    ['Source reads', sourceReads === 0 ? '' : String(sourceReads)],
    ['Size', size === undefined ? '' : bytes(size)],
    ['Signature', signed ?? ''],
    ...others,
  ];
  return el(
    'dl',
    {},
    ...all
      .filter(([, value]) => value !== '')
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );
}

/** The mirrors that could not be read, with the reason. */
function unread({ states }, mirrors, texts) {
  const items = states
    .filter(([, , reason]) => reason >= 0)
    .map(([mirror, state, reason, code]) =>
      el(
        'li',
        {},
        el('p', {}, el('i', { class: `cell ${state}` }), ' could not be read ', el('b', {}, mirrors[mirror])),
        el('p', {}, el('span', { class: 'code' }, texts[code] ?? ''), ` ${texts[reason]}`),
      ),
    );
  return items.length === 0 ? '' : el('ul', { class: 'targets' }, ...items);
}

function targets({ name, targets: all }, mirrors, texts) {
  if (all.length === 0) return '';
  const order = (action) => (action === 'failed' || action === 'unknown' ? 0 : 1);
  const items = all
    .toSorted((a, b) => order(a[2]) - order(b[2]))
    .map(([mirror, rest, action, attempts, requests, size, ms, reason, code]) => {
      const { word, look } = actionOf(action);
      const ref = texts[rest].startsWith(' ') ? texts[rest].slice(1) : `${mirrors[mirror]}/${name}${texts[rest]}`;
      const cost = [
        bytes(size),
        counted(requests, 'request'),
        duration(ms),
        attempts > 1 ? `${attempts} attempts` : '',
      ];
      return el(
        'li',
        {},
        el('p', {}, el('i', { class: `cell ${look}` }), ` ${word} `, el('b', {}, ref)),
        action.endsWith('?') || attempts === 0
          ? ''
          : el('p', { class: 'note' }, cost.filter((part) => part !== '').join(' · ')),
        reason < 0 ? '' : el('p', {}, el('span', { class: 'code' }, texts[code] ?? ''), ` ${texts[reason]}`),
      );
    });
  return el('ul', { class: 'targets' }, ...items);
}
