import { el, growing, section, svg } from './dom.js';
import { bytes, counted, duration, number } from './format.js';

const [WIDTH, HEIGHT] = [300, 64];
/** A limit this many times above the traffic is shown as text; drawn, it would flatten the curve. */
const FAR = 3;

/** Shows each registry: its requests over time, against its limit. */
export function traffic({ registries, traffic: series }) {
  const all = registries
    .filter(({ requests, failed }) => requests > 0 || failed > 0)
    .toSorted((a, b) => b.failed - a.failed || (a.host < b.host ? -1 : 1));
  if (all.length === 0) return undefined;
  const card = (registry) => registryCard(registry, series);
  // a dozen cards fill a screen
  return section(
    'registries',
    'Registries',
    undefined,
    ...growing(el('ul', { class: 'cards' }), all, card, 'registries', 12),
  );
}

function registryCard({ host, repositories, failed, unread, requests, bytes: size }, series) {
  const own = series?.hosts.find((one) => one.host === host);
  const facts = [
    counted(requests, 'request'),
    bytes(size),
    repositories === 0 ? '' : counted(repositories, 'repository', 'repositories'),
  ];
  return el(
    'li',
    { class: 'card' },
    el('h3', {}, host),
    el('p', { class: 'note' }, facts.filter((part) => part !== '').join(' · ')),
    unread === 0 ? '' : el('p', { class: 'bad' }, `${counted(unread, 'repository', 'repositories')} could not be read`),
    failed === unread ? '' : el('p', { class: 'bad' }, `${counted(failed - unread, 'reference')} not written`),
    ...(own === undefined || own.requests.length < 2 ? [] : chart(own, series.step)),
  );
}

function chart({ requests, refused, unanswered, limit }, step) {
  const rates = requests.map((count) => (count * 1000) / step);
  const peak = Math.max(...rates);
  const limits = limit.filter((value) => value !== null);
  const top = Math.max(peak, ...limits.filter((value) => value <= peak * FAR), 1) * 1.05;
  const x = (index) => ((index / (rates.length - 1)) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - (value / top) * HEIGHT).toFixed(1);
  const line = rates.map((rate, index) => `${x(index)},${y(rate)}`).join(' ');
  const allowed = limit
    .flatMap((value, index) => (value === null || value > top ? [] : [`${x(index)},${y(value)}`]))
    .join(' ');
  const ticks = refused.flatMap((count, index) =>
    count === 0 ? [] : [svg('line', { class: 'refused', x1: x(index), x2: x(index), y1: HEIGHT - 8, y2: HEIGHT })],
  );
  const sum = (all) => all.reduce((total, one) => total + one, 0);
  const bad = [
    sum(refused) === 0 ? '' : `${number(sum(refused))} refused for their rate`,
    sum(unanswered) === 0 ? '' : `${number(sum(unanswered))} without an answer`,
  ].filter((part) => part !== '');
  const most = `at most ${peak.toFixed(1)} requests/s over ${duration(step * rates.length)}${limitText(limits)}`;
  return [
    svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', class: 'chart' },
      svg('polygon', { class: 'area', points: `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}` }),
      svg('polyline', { class: 'rate', points: line }),
      svg('polyline', { class: 'limit', points: allowed }),
      ...ticks,
    ),
    el('p', { class: 'note' }, most),
    bad.length === 0 ? '' : el('p', { class: 'bad' }, bad.join(', ')),
  ];
}

function limitText(limits) {
  if (limits.length === 0) return '';
  const [least, most] = [Math.min(...limits), Math.max(...limits)];
  return least === most ? `; ${most} allowed` : `; ${least} to ${most} allowed`;
}
