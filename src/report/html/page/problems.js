import { choice, el, growing, section } from './dom.js';
import { counted, number, short } from './format.js';

/** Problems before the first press of the button: what comes after them shall be found. */
const FIRST = 10;
/** References that are shown at once; the others are one press away. */
const REFS = 3;

/** Everything that went wrong, with a button for each kind where there are several. */
export function problems({ failures }) {
  if (failures.length === 0) return undefined;
  const place = el('div');
  const kinds = Map.groupBy(failures, ({ code }) => code);
  const show = (code) => {
    const list = el('ol', { class: 'problems' });
    place.replaceChildren(
      ...growing(list, code === undefined ? failures : kinds.get(code), problem, 'problems', FIRST),
    );
  };
  show();
  const chips =
    kinds.size < 2
      ? []
      : [choice([[undefined, `All ${number(failures.length)}`], ...kindTexts(kinds)], show, 'Kind of problem')];
  return section('problems', 'Problems', undefined, ...chips, place);
}

function kindTexts(kinds) {
  return [...kinds].map(([code, all]) => [code, `${code} ${number(all.length)}`]);
}

function problem({ phase, code, image, digest, file, line, column, message, hint, refs = [] }) {
  const subject = [image, digest].filter((part) => part !== undefined).join('@');
  const place = file === undefined ? `while it ran ${phase}` : `${file}:${line}:${column}`;
  return el(
    'li',
    { class: 'problem' },
    el('p', { class: 'subject' }, el('span', { class: 'code' }, code), ' ', el('strong', {}, short(subject))),
    el('p', { class: 'place' }, place),
    el('p', {}, short(message)),
    refs.length === 0 ? '' : references(refs),
    hint === undefined ? '' : el('p', { class: 'hint' }, short(hint)),
  );
}

function references(refs) {
  const item = (ref) => el('li', {}, short(ref));
  const first = el('ul', { class: 'refs' }, ...refs.slice(0, REFS).map(item));
  if (refs.length <= REFS) return first;
  const rest = el('ul', { class: 'refs' }, ...refs.slice(REFS).map(item));
  const summary = el('summary', {}, `and ${counted(refs.length - REFS, 'other reference')}`);
  return el('div', {}, first, el('details', {}, summary, rest));
}
