import { choice, el, growing, section } from './dom.js';
import { counted, number, short } from './format.js';

/** Problems before the first press of the button: what comes after them shall be found. */
const FIRST = 10;
/** References that are shown at once; the others are one press away. */
const REFS = 3;

/** Everything that went wrong, what has one cause once, with a button for each kind where there are several. */
export function problems({ failures, meanings }) {
  return causeSection('problem', failures, meanings);
}

/** What the tree before has, too, and so fails nothing, in the same form. */
export function oldProblems({ warnings: all = [], meanings }) {
  return causeSection(
    'old problem',
    all.filter(({ inBase }) => inBase === true),
    meanings,
  );
}

/** What in the manifests has no effect, in the same form. */
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

/** The image, or how many images and the first few of them. */
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
