import type { ChangeReport, ImageChangeReport, SettingChange, ImageReport } from '../model/report.ts';
import { count, few, shortDigests, table } from '../../text/layout.ts';
import { tagsText } from './plan-lacks.ts';

/** Names shown of images that are no longer managed. */
const NAMED = 10;

/** The headings of a plan, by the change of an image. */
export const SECTIONS: Readonly<Record<ImageChangeReport['kind'], string>> = {
  added: 'Added',
  retagged: 'Retagged',
  backfilled: 'Backfilled',
  resourced: 'From another source',
};

/** Returns a lookup of an image's section: what the change does to it. */
export function sectionOf({ changes }: ChangeReport): (image: ImageReport) => string {
  const kinds = new Map<string, ImageChangeReport['kind']>();
  for (const { kind, source } of changes) if (!kinds.has(source)) kinds.set(source, kind);
  return ({ source }) => {
    const kind = kinds.get(source);
    return kind === undefined ? 'Not changed' : SECTIONS[kind];
  };
}

/** Summarizes a change: counts, and images that are no longer managed. */
export function changeLines({ commit, changes, removed, settings = [] }: ChangeReport): string[] {
  const since = commit === undefined ? 'the base has no manifests' : `compared with commit ${commit.slice(0, 12)}`;
  const kinds = [...Map.groupBy(changes, ({ kind }) => kind)];
  const cells = kinds.map(([kind, found]) => {
    const mirrors = [...new Set(found.flatMap((change) => change.mirrors))];
    return [SECTIONS[kind].toLowerCase(), digests(found), kind === 'backfilled' ? `to ${few(mirrors)}` : ''];
  });
  const nothing = cells.length + removed.length === 0 ? ['  no image is changed'] : [];
  return [
    ...settingLines(settings),
    `The change (${since}):`,
    ...table(cells, '  '),
    ...nothing,
    ...removedLines(removed),
  ];
}

/** The settings that affect what may be promoted, as texts name them. */
export const SETTINGS: Readonly<Record<SettingChange['kind'], string>> = {
  source: 'source registry',
  registries: 'mirrors',
  primary: 'primary registry',
  provenance: 'provenance policy',
  artifactTypes: 'types of artifact',
  vulnerabilities: 'vulnerability policy',
};

/** A change that several projects share. */
type SettingGroup = Pick<SettingChange, 'kind'> & {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly projects: readonly Pick<SettingChange, 'project' | 'file'>[];
};

/** Groups equal changes of several projects, such as the policy of a whole tree. */
export function settingGroups(
  settings: readonly (Omit<SettingGroup, 'projects'> & Pick<SettingChange, 'project' | 'file'>)[],
): SettingGroup[] {
  const groups = Map.groupBy(settings, ({ kind, before, after }) => JSON.stringify([kind, before, after]));
  return [...groups.values()].flatMap((projects) => {
    const [first] = projects;
    return first === undefined ? [] : [{ ...first, projects }];
  });
}

/** Lists every changed setting: each may allow an image, or send it elsewhere. */
function settingLines(settings: readonly SettingChange[]): string[] {
  if (settings.length === 0) return [];
  const lines = settings.flatMap(({ kind, project, file, before, after }) => [
    `  ${project}: ${SETTINGS[kind]} (${file})`,
    ...(before === undefined ? [] : [`    ${kind === 'registries' ? 'gone' : 'was'} ${before}`]),
    ...(after === undefined ? [] : [`    ${kind === 'registries' ? 'new' : 'is'} ${after}`]),
  ]);
  return ['Registries, sources and policies that change:', ...lines, ''];
}

function removedLines(removed: readonly ImageChangeReport[]): string[] {
  if (removed.length === 0) return [];
  const lines = removed.slice(0, NAMED).map((one) => `    ${removedText(one)}`);
  const more = removed.length > NAMED ? [`    and ${count(removed.length - NAMED, 'more', 'more')}`] : [];
  return [`  no longer managed, but still in production: ${digests(removed)}`, ...lines, ...more];
}

function removedText({ kind, name, digest, tags, mirrors }: ImageChangeReport): string {
  const image = `${name}  ${shortDigests(digest)}  ${tagsText(tags)}`;
  return kind === 'backfilled' ? `${image}  on ${few(mirrors)}` : image;
}

function digests(changes: readonly ImageChangeReport[]): string {
  return count(new Set(changes.map(({ source }) => source)).size, 'digest');
}
