import { choice, el, growing, section } from './dom.js';
import { counted, number, short } from './format.js';

/** Problems shown before the button is pressed; what follows them must stay easy to find. */
const FIRST = 10;
/** References shown at once; a press shows the others. */
const REFS = 3;

/** Shows all problems, one per cause, with a filter button per kind if there are several. */
export function problems({ failures, meanings }) {
  return causeSection('problem', failures, meanings);
}

/** Shows problems that the base also has, which do not fail the run. */
export function oldProblems({ warnings: all = [], meanings }) {
  return causeSection(
    'old problem',
    all.filter(({ inBase }) => inBase === true),
    meanings,
  );
}

/** Shows entries without effect. */
export function warnings({ warnings: all = [], meanings }) {
  return causeSection(
    'warning',
    all.filter(({ inBase }) => inBase !== true),
    meanings,
  );
}

function causeSection(noun, failures, meanings) {
  if (failures.length === 0) return undefined;
  const place = el('div');
  const all = [...Map.groupBy(failures, ({ cause }) => cause).values()];
  const kinds = Map.groupBy(all, ([{ code }]) => code);
  const draw = (failed) => problem(failed, meanings[failed[0].code]);
  const show = (code) => {
    const list = el('ol', { class: 'problems' });
    place.replaceChildren(...growing(list, code === undefined ? all : kinds.get(code), draw, `${noun}s`, FIRST));
  };
  show();
  const chips =
    kinds.size < 2
      ? []
      : [choice([[undefined, `All ${number(all.length)}`], ...kindTexts(kinds)], show, `Kind of ${noun}`)];
  return section(`${noun}s`.replace(' ', '-'), `${noun[0].toUpperCase()}${noun.slice(1)}s`, undefined, ...chips, place);
}

function kindTexts(kinds) {
  return [...kinds].map(([code, all]) => [code, `${code} ${number(all.length)}`]);
}

function problem(failures, meaning) {
  const [{ phase, code, file, line, column, message, hint }] = failures;
  const refs = failures.flatMap((failure) => failure.refs ?? []);
  const place = file === undefined ? `in phase ${phase}` : `${file}:${line}:${column}`;
  return el(
    'li',
    { class: 'problem' },
    el('p', { class: 'subject' }, el('span', { class: 'code' }, code), ' ', el('strong', {}, short(subject(failures)))),
    meaning === undefined ? '' : el('p', { class: 'note' }, meaning),
    el('p', { class: 'place' }, failures.length === 1 ? place : `${place} and ${number(failures.length - 1)} more`),
    el('p', {}, short(message)),
    refs.length === 0 ? '' : references(refs),
    hint === undefined ? '' : el('p', { class: 'hint' }, short(hint)),
  );
}

/** Returns the image, or the number of images and the first few of them. */
function subject(failures) {
  const named = failures.map(({ image, digest }) => [image, digest].filter((part) => part !== undefined).join('@'));
  const names = [...new Set(named)].filter((name) => name !== '');
  if (names.length < 2) return names[0] ?? '';
  const more = names.length > REFS ? ` and ${number(names.length - REFS)} more` : '';
  return `${counted(names.length, 'image')}: ${names.slice(0, REFS).join(', ')}${more}`;
}

function references(refs) {
  const item = (ref) => el('li', {}, short(ref));
  const first = el('ul', { class: 'refs' }, ...refs.slice(0, REFS).map(item));
  if (refs.length <= REFS) return first;
  const rest = el('ul', { class: 'refs' }, ...refs.slice(REFS).map(item));
  const summary = el('summary', {}, `and ${counted(refs.length - REFS, 'other reference')}`);
  return el('div', {}, first, el('details', {}, summary, rest));
}
