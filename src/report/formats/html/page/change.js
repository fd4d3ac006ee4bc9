import { el, section } from './dom.js';
import { counted } from './format.js';

const SETTINGS = {
  source: 'source registry',
  registries: 'mirrors',
  primary: 'primary registry',
  provenance: 'provenance policy',
  artifactTypes: 'types of artifact',
  vulnerabilities: 'vulnerability policy',
};

const CHANGES = { added: 'added', retagged: 'retagged', backfilled: 'backfilled', resourced: 'from another source' };

/** Shows what a change of the manifests does, changes of registries and policies first. */
export function change({ change: told }) {
  if (told === undefined) return undefined;
  const { commit, changes, removed, settings = [] } = told;
  const kinds = [...Map.groupBy(changes, ({ kind }) => kind)].map(
    ([kind, all]) => `${counted(all.length, 'image')} ${CHANGES[kind]}`,
  );
  const gone =
    removed.length === 0 ? [] : [`${counted(removed.length, 'image')} no longer managed, left in production`];
  const all = [...kinds, ...gone];
  return section(
    'change',
    'What the change does',
    commit === undefined ? undefined : `Compared with commit ${commit.slice(0, 12)}.`,
    el('p', {}, all.length === 0 ? 'No image is changed.' : `${all.join(', ')}.`),
    ...(settings.length === 0 ? [] : [el('ul', { class: 'settings' }, ...settings.map(setting))]),
  );
}

function setting({ kind, project, file, before, after }) {
  const [old, now] = kind === 'registries' ? ['gone', 'new'] : ['was', 'is'];
  return el(
    'li',
    {},
    el('p', {}, el('b', {}, `${project}: ${SETTINGS[kind]}`), ' ', el('span', { class: 'place' }, file)),
    before === undefined ? '' : el('p', {}, `${old} ${before}`),
    after === undefined ? '' : el('p', {}, `${now} ${after}`),
  );
}
