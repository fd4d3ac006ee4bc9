import { change } from './change.js';
import { el } from './dom.js';
import { findings } from './findings.js';
import { bytes, duration, number } from './format.js';
import { matrix } from './matrix.js';
import { problems } from './problems.js';
import { timeline } from './timeline.js';
import { traffic } from './traffic.js';

const data = JSON.parse(document.getElementById('data').textContent);
document.title = `${data.title} – kpromo`;

const MARKS = { done: '✓', pending: '…', failed: '✕', stopped: '■' };

function banner({ outcome, title, sentence, started, ms, kpromo, mode, aborted }) {
  const time = new Date(started).toISOString().replace('T', ' ').slice(0, 16);
  return el(
    'header',
    { class: `banner ${outcome}` },
    el('p', { class: 'mark-big', 'aria-hidden': 'true' }, MARKS[outcome]),
    el(
      'div',
      {},
      el('h1', {}, title),
      el('p', {}, sentence),
      aborted === undefined ? '' : el('p', {}, `Stopped early: ${aborted}`),
    ),
    el('p', { class: 'note' }, `${mode} · ${time} UTC · ${duration(ms)} · kpromo ${kpromo}`),
  );
}

function tiles({ totals, failures, check }) {
  const all = [
    [failures.length === 1 ? 'problem' : 'problems', failures.length, 'bad'],
    [check === undefined ? 'images' : 'digests', totals.images],
    ['references to write', totals.pending],
    ['copied', totals.copied],
    ['tagged', totals.tagged],
    ['failed', totals.failed, 'bad'],
    ['signed', totals.signing?.signed ?? 0],
    ['to sign or record', totals.signing?.left ?? 0],
    ['complete before', totals.present],
    ['source reads', totals.sourceReads],
    ['requests', totals.requests],
  ].filter(([name, count]) => count > 0 || name === 'images');
  const tile = (name, text, look = '') => el('div', { class: `tile ${look}` }, el('dd', {}, text), el('dt', {}, name));
  return el(
    'dl',
    { class: 'tiles' },
    ...all.map(([name, count, look]) => tile(name, number(count), look)),
    tile('transferred', bytes(totals.bytes)),
  );
}

const parts = [problems, change, findings, matrix, timeline, traffic].map((draw) => draw(data));
document.body.append(el('main', {}, banner(data), tiles(data), ...parts.filter((part) => part !== undefined)));
