import type { ReportedImage } from '../../../src/report/model/schema.ts';
import type { Snapshot } from '../registry/snapshot.ts';
import type { Told } from './told.ts';

/** An image of a tree, and the registries (`host/prod`) that must have it. */
export type WantedImage = {
  readonly name: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly mirrors: readonly string[];
};

/** What a registry, by its host, holds now. */
export type Holds = (host: string) => Snapshot;

/**
 * Every sentence in which an output of a promotion disagrees with another, or with what the registries hold: an image that
 * is told to be on a mirror must be there with all its tags, one that failed must not, and a green run has done everything.
 */
export function disagreements(told: Told, wanted: readonly WantedImage[], holds: Holds): readonly string[] {
  return [
    ...withRegistries(told, wanted, holds),
    ...totalsOf(told, wanted),
    ...textOf(told),
    ...markdownOf(told),
    ...pageOf(told),
    ...junitOf(told),
    ...streamsOf(told),
  ];
}

/** True where a registry has the digest, under each of the tags. */
export function isThere({ name, digest, tags }: Omit<WantedImage, 'mirrors'>, mirror: string, holds: Holds): boolean {
  const [host = '', ...path] = `${mirror}/${name}`.split('/');
  const { tags: there = {}, manifests = {} } = holds(host)[path.join('/')] ?? {};
  return digest in manifests && tags.every((tag) => there[tag] === digest);
}

type State = NonNullable<ReportedImage['mirrors']>[number]['state'];

const rowOf = ({ json }: Told, { name, digest }: Pick<WantedImage, 'name' | 'digest'>): ReportedImage | undefined =>
  json.images.find((image) => image.name === name && image.digest === digest);

/** The state of each pair: what is not listed is said to be complete. */
function statesOf(told: Told, image: WantedImage): readonly (readonly [mirror: string, state: State])[] {
  const row = rowOf(told, image);
  if (row === undefined) return image.mirrors.map((mirror) => [mirror, 'present'] as const);
  return (row.mirrors ?? []).map(({ name, state }) => [name, state] as const);
}

function withRegistries(told: Told, wanted: readonly WantedImage[], holds: Holds): string[] {
  const found = wanted.flatMap((image) => {
    const states = statesOf(told, image);
    const missing = image.mirrors.filter((mirror) => states.every(([name]) => name !== mirror));
    return [
      ...missing.map((mirror) => `JSON says nothing of ${image.name} on ${mirror}`),
      ...states.flatMap(([mirror, state]) => {
        const there = isThere(image, mirror, holds);
        const isWrong = state === 'failed' ? there : (state === 'done' || state === 'present') && !there;
        return isWrong ? [`${image.name} is ${state} on ${mirror}, where it is ${there ? '' : 'not '}there`] : [];
      }),
    ];
  });
  const isDone = wanted.every((image) => image.mirrors.every((mirror) => isThere(image, mirror, holds)));
  return told.run.code === 0 && !isDone ? [...found, 'exit code 0, and not everything is there'] : found;
}

/** On how many mirrors an image is said to be, of how many. */
function reachOf({ mirrors = [] }: ReportedImage): string {
  const reached = mirrors.filter(({ state }) => state === 'done' || state === 'present').length;
  return reached === mirrors.length ? String(reached) : `${reached} of ${mirrors.length}`;
}

const isPromoted = ({ mirrors = [] }: ReportedImage): boolean =>
  mirrors.some(({ state }) => state === 'done') &&
  mirrors.every(({ state }) => state === 'done' || state === 'present');

const hasState = ({ mirrors = [] }: ReportedImage, wanted: State): boolean =>
  mirrors.some(({ state }) => state === wanted);

const unequal = (what: string, a: unknown, b: unknown): string[] =>
  JSON.stringify(a) === JSON.stringify(b) ? [] : [`${what}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`];

function totalsOf(told: Told, wanted: readonly WantedImage[]): string[] {
  const { json, run } = told;
  const { totals, images } = json;
  const present = wanted.flatMap((image) => statesOf(told, image)).filter(([, state]) => state === 'present').length;
  const isBad = images.some((image) => hasState(image, 'failed') || hasState(image, 'unknown'));
  return [
    ...unequal('totals.present', totals.present, present),
    ...unequal('totals.promoted', totals.promoted, images.filter(isPromoted).length),
    ...unequal('totals.failed and mirrors', totals.failed > 0, isBad),
    ...unequal(
      'totals.unknown and mirrors',
      totals.unknown > 0,
      images.some((image) => hasState(image, 'unknown')),
    ),
    ...unequal('the outcome and the exit code', json.outcome === 'done', run.code === 0),
    ...unequal('failures and the exit code', json.failures.length > 0, run.code !== 0),
  ];
}

function textOf({ run, json }: Told): string[] {
  const [, promoted] = /^Summary: (\d+) of \d+ images? promoted/m.exec(run.summary) ?? [];
  const [, problems = '0'] = /^(\d+) problems?:$/m.exec(run.summary) ?? [];
  const causes = new Set(json.failures.map(({ cause }) => cause)).size;
  const rows = json.images.flatMap((image) => {
    const short = image.digest.slice(0, 'sha256:'.length + 12);
    const row = run.summary.split('\n').find((line) => line.includes(`  ${image.name} `) && line.includes(short));
    const [, shown] = /(?:to|on) (none of \d+|\d+ of \d+) mirrors?/.exec(row ?? '') ?? [];
    const expected = reachOf(image).replace(/^0 of/, 'none of');
    if (row === undefined) return image.targets.length === 0 ? [] : [`the summary does not list ${image.name}`];
    return expected.includes('of') ? unequal(`the summary's ${image.name}`, shown, expected) : [];
  });
  return [
    ...(promoted === undefined ? [] : unequal('promoted in the summary', Number(promoted), json.totals.promoted)),
    ...unequal('problems in the summary', Number(problems), causes),
    ...rows,
  ];
}

function markdownOf({ markdown, json }: Told): string[] {
  const mark = { done: '✅', pending: '📝', failed: '❌', stopped: '🛑' }[json.outcome];
  const rows = json.images.flatMap((image) => {
    const cells = `| \`${image.digest.slice(0, 'sha256:'.length + 12)}…\` | ${reachOf(image)} |`;
    const found = markdown.split('\n').some((line) => line.startsWith(`| \`${image.name}\` |`) && line.includes(cells));
    return found ? [] : [`Markdown does not say that ${image.name} is on ${reachOf(image)} mirrors`];
  });
  return [...(markdown.startsWith(`## ${mark} `) ? [] : ['Markdown has another outcome']), ...rows];
}

/** The state of a mirror as the page draws it: its own state if it has one, else the worst of its references. */
function pageState(image: Told['page']['images'][number], mirror: number): State | undefined {
  const own = image.states.find(([place]) => place === mirror);
  if (own !== undefined) return own[1] as State;
  const actions = image.targets.filter(([place]) => place === mirror).map(([, , action]) => action);
  if (actions.length === 0) return undefined;
  if (actions.includes('failed')) return 'failed';
  if (actions.includes('unknown')) return 'unknown';
  return actions.some((action) => action.endsWith('?')) ? 'pending' : 'done';
}

function pageOf({ page, json }: Told): string[] {
  return json.images.flatMap((image, index) => {
    const shown = page.images[index];
    if (shown === undefined) return [`the page has no ${image.name}`];
    return (image.mirrors ?? []).flatMap(({ name, state }) =>
      unequal(`the page's ${image.name} on ${name}`, pageState(shown, page.mirrors.indexOf(name)), state),
    );
  });
}

function junitOf({ tests, counts, json, run }: Told): string[] {
  const of = (ended: string): number => tests.filter((test) => test.ended === ended).length;
  const testsFor = ({ name, digest }: ReportedImage): typeof tests =>
    tests.filter((test) => test.name.startsWith(`${name}@${digest.slice(0, 'sha256:'.length + 12)}`));
  const rows = json.images.flatMap((image) => {
    const ends = testsFor(image).map(({ ended }) => ended);
    const isFine = !hasState(image, 'failed') && !hasState(image, 'unknown');
    if (isFine) return [];
    const passed = ends.includes('passed') || ends.length === 0;
    const unknown = !hasState(image, 'failed') && !ends.includes('error');
    return passed || unknown
      ? [`JUnit says ${ends.join(', ') || 'nothing'} of ${image.name}, which is not complete`]
      : [];
  });
  return [
    ...unequal('failures in JUnit', Number(counts['failures']), of('failure')),
    ...unequal('errors in JUnit', Number(counts['errors']), of('error')),
    ...unequal('a red JUnit and the exit code', of('failure') + of('error') > 0, run.code !== 0),
    ...rows,
  ];
}

function streamsOf({ events, metrics, json, run }: Told): string[] {
  const keyOf = ({
    image = '',
    name = image,
    digest = '',
  }: {
    image?: string;
    name?: string;
    digest?: string;
  }): string => `${name}@${digest}`;
  const named = (type: string): ReadonlySet<string> =>
    new Set(events.flatMap((event) => (event.type === type && 'digest' in event ? [keyOf(event)] : [])));
  const [unknown, failed] = [named('image-unknown'), named('failed')];
  const promoted = events.filter(
    (event) =>
      event.type === 'image-promoted' && event.failed === 0 && ![unknown, failed].some((all) => all.has(keyOf(event))),
  ).length;
  const unknownRows = json.images.filter((image) => hasState(image, 'unknown')).map(keyOf);
  const exit = events.find((event) => event.type === 'exit');
  return [
    ...unequal('promoted in events', promoted, json.totals.promoted),
    ...unequal('unknown in events', [...unknown].toSorted(), unknownRows.toSorted()),
    ...unequal('failed events', events.filter(({ type }) => type === 'failed').length, json.failures.length),
    ...unequal('the exit event', exit?.type === 'exit' ? exit.code : undefined, run.code),
    ...unequal('promoted in metrics', metrics['kpromo_images_total{state="promoted"}'] ?? 0, json.totals.promoted),
    ...unequal('unknown in metrics', metrics['kpromo_images_total{state="unknown"}'] ?? 0, unknownRows.length),
    ...unequal('the exit code in metrics', metrics['kpromo_exit_code'], run.code),
  ];
}
