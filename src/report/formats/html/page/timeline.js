import { el, section } from './dom.js';
import { duration } from './format.js';

/** Shows when each phase ran, relative to the whole run. */
export function timeline({ phases, ms }) {
  if (phases.length === 0) return undefined;
  const total = Math.max(1, ms, ...phases.map((phase) => phase.start + phase.ms));
  const items = phases.map((phase) => {
    const bar = el('span', { class: `bar ${phase.ended}` });
    bar.style.setProperty('--start', `${(phase.start / total) * 100}%`);
    bar.style.setProperty('--length', `${(phase.ms / total) * 100}%`);
    const broken = phase.ended === 'broken' ? ', ended the run' : '';
    return el(
      'li',
      {},
      el('span', { class: 'phase' }, phase.name),
      el('span', { class: 'track', 'aria-hidden': 'true' }, bar),
      el('span', { class: 'took' }, `${duration(phase.ms)}${broken}`),
    );
  });
  return section('phases', 'Phases', `The whole run took ${duration(ms)}.`, el('ol', { class: 'timeline' }, ...items));
}
