import { audit } from './audit.js';
import { change } from './change.js';
import { el, section } from './dom.js';
import { findings } from './findings.js';
import { bytes, duration, number } from './format.js';
import { matrix } from './matrix.js';
import { oldProblems, problems, warnings } from './problems.js';
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

/** Shows the command, its files and its signer, which an audit needs later. */
function context({ context: told }) {
  const { command, tree, commit, repository, primary = [], signer, job } = told;
  const facts = [
    ['Command', command],
    ['Manifests', tree],
    ['Commit', commit === undefined || repository === undefined ? commit : `${commit} of ${repository}`],
    [primary.length === 1 ? 'Primary' : 'Primaries', primary.join(', ')],
    ['Signer', signer],
    ['Job', job],
  ].filter(([, text]) => text !== undefined && text !== '');
  if (facts.length === 0) return undefined;
  const fact = ([name, text]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, text.startsWith('https://') ? el('a', { href: text }, text) : text));
  return section('context', 'This run', undefined, el('dl', { class: 'context' }, ...facts.map(fact)));
}

function tiles({ totals, failures, check, audit: audited }) {
  const problemCount = new Set(failures.map(({ cause }) => cause)).size;
  const all = [
    [problemCount === 1 ? 'problem' : 'problems', problemCount, 'bad'],
    [check === undefined ? 'images' : 'digests', totals.images],
    [audited === undefined ? 'references to write' : 'differences', totals.pending],
    ['copied', totals.copied],
    ['tagged', totals.tagged],
    ['failed', totals.failed, 'bad'],
    ['unknown', totals.unknown, 'bad'],
    ['images promoted', totals.promoted],
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
    tile('sent and received', bytes(totals.bytes)),
  );
}

const parts = [problems, oldProblems, warnings, change, findings, audit, matrix, timeline, traffic, context].map(
  (draw) => draw(data),
);
document.body.append(el('main', {}, banner(data), tiles(data), ...parts.filter((part) => part !== undefined)));
