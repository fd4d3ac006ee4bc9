const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element with attributes and children. Text becomes text nodes; nothing is parsed as HTML. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** Creates an SVG element in the same way. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return element;
}

/** Creates a section with a heading; undefined without content. */
export function section(id, title, note, ...children) {
  if (children.length === 0) return undefined;
  const heading = el('h2', { id: `${id}-title` }, title);
  const head = el('header', {}, heading, note === undefined ? '' : el('p', { class: 'note' }, note));
  return el('section', { id, 'aria-labelledby': `${id}-title` }, head, ...children);
}

/** Shows the first items of a list and a button for more, so that pages with thousands of items open at once. */
export function growing(list, items, draw, noun, first = 50, step = 50) {
  let shown = 0;
  const button = el('button', { type: 'button', class: 'more', click: () => more(true) });
  const more = (isAsked) => {
    const next = items.slice(shown, shown + (isAsked ? step : first)).map(draw);
    list.append(...next);
    shown += next.length;
    const left = items.length - shown;
    button.textContent = left > step ? `Show ${step} more of ${left} ${noun}` : `Show the other ${left}`;
    button.hidden = left === 0;
    if (isAsked && next[0] !== undefined) {
      next[0].tabIndex = -1;
      next[0].focus();
    }
  };
  more(false);
  return [list, button];
}

/** Creates a group of buttons, one of which is pressed. */
export function choice(options, choose, label) {
  const buttons = options.map(([value, text], index) =>
    el(
      'button',
      { type: 'button', class: 'chip', 'aria-pressed': String(index === 0), click: (event) => press(event, value) },
      text,
    ),
  );
  const press = (event, value) => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button === event.currentTarget));
    choose(value);
  };
  return el('div', { class: 'chips', role: 'group', 'aria-label': label }, ...buttons);
}
