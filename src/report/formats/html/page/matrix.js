import { details } from './details.js';
import { choice, el, section } from './dom.js';
import { counted, distinct, number } from './format.js';
import { actionOf, KINDS, rowElement, rowsOf } from './matrix-rows.js';

/** Rows rendered beyond the visible ones, so that scrolling shows no gap. */
const SPARE = 8;

/** Shows images × mirrors. Renders only the visible rows, so that thousands scroll smoothly. */
export function matrix(data) {
  if (data.images.length === 0) return undefined;
  const rows = rowsOf(data);
  const view = viewOf(rows, (row) => details(row, data));
  const state = { text: '', kind: undefined, mirror: -1 };
  const status = el('p', { class: 'note', role: 'status' });
  const apply = () => {
    const words = state.text.toLowerCase().split(/\s+/);
    const fits = ({ cells, kinds, searched }) =>
      (state.kind === undefined || kinds.includes(state.kind)) &&
      (state.mirror < 0 ||
        (state.kind === 'failed' || state.kind === 'unknown'
          ? cells[state.mirror] === state.kind
          : cells[state.mirror] !== undefined)) &&
      words.every((word) => searched.includes(word));
    const shown = rows.filter(fits);
    status.textContent =
      shown.length === rows.length
        ? counted(rows.length, 'image')
        : `${number(shown.length)} of ${counted(rows.length, 'image')}`;
    view.show(shown);
  };
  const controls = controlsOf(data, rows, (change) => {
    Object.assign(state, change);
    apply();
  });
  apply();
  return section(
    'images',
    'Images × mirrors',
    undefined,
    controls,
    status,
    legend(rows),
    header(data.mirrors),
    view.element,
  );
}

function controlsOf({ mirrors }, rows, change) {
  const input = el('input', {
    type: 'search',
    id: 'filter',
    placeholder: 'name, tag, digest, mirror, file or error code',
    autocomplete: 'off',
    spellcheck: 'false',
    input: () => change({ text: input.value.trim() }),
  });
  const names = distinct(mirrors).map((name, index) => el('option', { value: index }, name || mirrors[index]));
  const select = el('select', { id: 'mirror', change: () => change({ mirror: Number(select.value) }) });
  select.append(el('option', { value: -1 }, 'all mirrors'), ...names);
  const counts = KINDS.map(([kind, text]) => [kind, text, rows.filter(({ kinds }) => kinds.includes(kind)).length]);
  const there = counts
    .filter(([, , count]) => count > 0)
    .map(([kind, text, count]) => [kind, `${text} ${number(count)}`]);
  const chips = choice(
    [[undefined, `All ${number(rows.length)}`], ...there],
    (kind) => change({ kind }),
    'Kind of image',
  );
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /^(?:INPUT|SELECT)$/.test(document.activeElement?.tagName ?? '')) return;
    event.preventDefault();
    input.focus();
  });
  return el(
    'div',
    { class: 'controls' },
    el('label', { for: 'filter' }, el('span', {}, 'Filter'), input),
    mirrors.length < 2 ? '' : el('label', { for: 'mirror' }, el('span', {}, 'Mirror'), select),
    chips,
  );
}

function legend(rows) {
  const there = new Set(rows.flatMap(({ cells }) => cells));
  const item = (look, text) => el('span', {}, el('i', { class: `cell ${look}` }), ` ${text}`);
  const items = ['copy', 'tag', 'copy?', 'tag?', 'failed', 'unknown', 'present'].filter((action) => there.has(action));
  const nothing = there.has(undefined) ? [item('', 'not for this mirror, or nothing to do')] : [];
  return el(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    ...items.map((action) => item(actionOf(action).look, actionOf(action).word)),
    ...nothing,
  );
}

/** Shows the names of mirrors above their columns, if there is room. */
function header(mirrors) {
  const names = distinct(mirrors).map((name, index) => el('span', {}, name || mirrors[index]));
  const element = el('div', { class: 'columns', 'aria-hidden': 'true' }, el('span', { class: 'cells' }, ...names));
  element.style.setProperty('--mirrors', String(Math.max(1, mirrors.length)));
  return element;
}

function viewOf(all, open) {
  const inner = el('div', { class: 'inner', role: 'presentation' });
  const element = el(
    'div',
    { class: 'rows', role: 'listbox', tabindex: 0, 'aria-label': 'Images; Enter opens one' },
    inner,
  );
  element.style.setProperty('--mirrors', String(Math.max(1, all[0]?.cells.length ?? 1)));
  const state = { rows: all, active: 0, height: 36 };
  const activate = (index, isOpened) => {
    state.active = Math.max(0, Math.min(state.rows.length - 1, index));
    reveal(element, state);
    draw();
    if (isOpened && state.rows[state.active] !== undefined) open(state.rows[state.active]);
  };
  const draw = () => drawRows(element, inner, state, (index) => activate(index, true));
  element.addEventListener('scroll', draw, { passive: true });
  element.addEventListener('keydown', (event) => {
    const place = placeOf(event.key, state.active, Math.floor(element.clientHeight / state.height), state.rows.length);
    if (place === undefined) return;
    event.preventDefault();
    activate(place, event.key === 'Enter' || event.key === ' ');
  });
  new ResizeObserver(draw).observe(element);
  const show = (rows) => {
    Object.assign(state, { rows, active: 0 });
    element.scrollTop = 0;
    draw();
  };
  return { element, show };
}

function reveal(element, { active, height }) {
  const [top, bottom] = [active * height, (active + 1) * height];
  if (top < element.scrollTop) element.scrollTop = top;
  if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
}

function drawRows(element, inner, state, choose) {
  // The row height depends on the page width, so it is read from the style sheet.
  state.height = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row')) || state.height;
  const { rows, active, height } = state;
  const first = Math.max(0, Math.floor(element.scrollTop / height) - SPARE);
  const last = Math.min(rows.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + SPARE);
  inner.style.height = `${rows.length * height}px`;
  const drawn = rows.slice(first, last).map((row, place) => {
    const index = first + place;
    const one = rowElement(row, index, rows.length);
    one.style.transform = `translateY(${index * height}px)`;
    one.setAttribute('aria-selected', String(index === active));
    one.addEventListener('click', () => choose(index));
    return one;
  });
  inner.replaceChildren(...drawn);
  if (active >= first && active < last) element.setAttribute('aria-activedescendant', `row-${active}`);
  else element.removeAttribute('aria-activedescendant');
}

/** Returns the row that a key moves to; undefined for other keys. */
function placeOf(key, active, page, length) {
  const places = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: length - 1,
    Enter: active,
    ' ': active,
  };
  return places[key];
}
