import { circlesIn, graphOf } from './circles.ts';

/** A source file by its path in the project, `src/plan/conflicts.ts`. */
export type Source = { readonly path: string; readonly text: string };

/** Who may import what, folder by folder; `types` are for `import type` only. Modules at the top of src/ count as folders. */
type Rule = { readonly values: readonly string[]; readonly types?: readonly string[] };

type Import = { readonly from: string; readonly typeOnly: boolean };

type ForbiddenWord = { readonly word: string; readonly pattern: RegExp; readonly where: (path: string) => boolean };

const LEAVES = [
  'abort',
  'async',
  'child-environment',
  'child-process',
  'errors',
  'image',
  'clock',
  'events',
  'text',
  'lists',
  'secrets',
  'own-file',
];
const PHASES = [
  'sharding',
  'plan',
  'attest',
  'mirroring',
  'scan',
  'registry',
  'manifest',
  'git',
  'policy',
  'foreign',
  'pipeline',
  ...LEAVES,
];
const ON_ONE_PAGE = { values: ['phases', 'report', ...PHASES] };

const TABLE: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, { values: LEAVES }])),
  policy: { values: LEAVES },
  foreign: { values: ['yaml', ...LEAVES] },
  pipeline: { values: LEAVES, types: ['plan', 'manifest', 'policy', 'sharding'] },
  git: { values: LEAVES },
  ratelimit: { values: LEAVES },
  yaml: { values: LEAVES },
  manifest: { values: ['yaml', 'git', 'policy', ...LEAVES] },
  http: { values: ['ratelimit', ...LEAVES] },
  registry: { values: ['http', ...LEAVES] },
  github: { values: ['http', ...LEAVES] },
  kept: { values: ['plan', 'registry', 'ratelimit', ...LEAVES] },
  plan: { values: ['manifest', 'policy', ...LEAVES], types: ['registry'] },
  sharding: { values: ['plan', 'manifest', ...LEAVES] },
  mirroring: { values: ['plan', 'registry', ...LEAVES] },
  redis: { values: LEAVES, types: ['registry', 'ratelimit'] },
  processes: { values: LEAVES, types: ['registry', 'ratelimit'] },
  attest: { values: ['registry', 'policy', ...LEAVES], types: ['http'] },
  scan: { values: ['registry', 'policy', ...LEAVES], types: ['http'] },
  phases: { values: PHASES },
  explain: ON_ONE_PAGE,
  promotion: ON_ONE_PAGE,
  replication: ON_ONE_PAGE,
  sigcheck: ON_ONE_PAGE,
  snapshot: ON_ONE_PAGE,
  audit: { values: ['baseline', ...ON_ONE_PAGE.values] },
  report: { values: ['pipeline', ...LEAVES], types: ['phases', 'plan'] },
  watch: { values: ['report', 'pipeline', 'policy', 'sharding', ...LEAVES], types: ['manifest', 'ratelimit'] },
  config: { values: ['yaml', 'registry', 'http', ...LEAVES], types: ['ratelimit'] },
  baseline: { values: ['yaml', ...LEAVES] },
  proposal: ON_ONE_PAGE,
  'pull-request': { values: ['proposal', 'promotion', 'github', ...ON_ONE_PAGE.values] },
};

/** Modules that open sockets; everything else goes through the one request path. */
const SOCKETS = /^(?:undici|(?:node:)?(?:net|tls|http|https|http2|dgram))$/;
const MAY_OPEN_SOCKETS = /^src\/http\/transport/;
/** Take BlockList and isIP from node:net, which compute and open nothing. */
const ONLY_COMPUTE: readonly string[] = ['src/http/special-addresses.ts', 'src/http/transport/environment-proxy.ts'];

/** The one listens, the other writes to a pipe that is there: nothing is asked of anybody. */
const OPEN_NO_WAY_OUT: readonly string[] = ['src/watch/metrics-server.ts', 'src/watch/open-lines.ts'];

const MAX_LINES = 300;
/** More than this nobody takes in at one look. */
const MAX_FLAT = 16;
/** A phase is to be read at a glance. */
const MAX_PHASE_LINES = 80;

const outsideClock = (path: string): boolean => path !== 'src/clock.ts';
/** Flags are the user's. */
const readsForeign = (path: string): boolean => !/^src\/cli\/(?:help|options\/flags)\//.test(path);
const inPhases = (path: string): boolean => path.startsWith('src/phases/');

const FORBIDDEN_WORDS: readonly ForbiddenWord[] = [
  { word: 'Date.now', pattern: /\bDate\.now\b/, where: outsideClock },
  { word: 'new Date()', pattern: /\bnew Date\(\s*\)/, where: outsideClock },
  { word: 'performance.now', pattern: /\bperformance\.now\b/, where: outsideClock },
  { word: 'setTimeout', pattern: /\bsetTimeout\b/, where: outsideClock },
  { word: 'setInterval', pattern: /\bsetInterval\b/, where: outsideClock },
  { word: 'AbortSignal.timeout', pattern: /\bAbortSignal\.timeout\b/, where: outsideClock },
  // A list that others write may be longer than a call can have arguments.
  {
    word: 'a list as arguments',
    pattern: /\.(?:push|unshift)\(\.\.\.|\bMath\.(?:max|min)\(\.\.\./,
    where: readsForeign,
  },
  { word: 'process.env', pattern: /\bprocess\.env\b/, where: inPhases },
  { word: 'console', pattern: /\bconsole\b/, where: inPhases },
  { word: 'fetch()', pattern: /(?<![.\w])fetch\(/, where: inPhases },
];

/** Every breach of design rules in these files, one sentence each; tests are held to the length only. */
export function violations(sources: readonly Source[]): readonly string[] {
  const shipped = sources.filter(({ path }) => path.startsWith('src/') && !path.endsWith('.test.ts'));
  return [
    ...sources.flatMap(lengthViolations),
    ...shipped.flatMap(importViolations),
    ...shipped.flatMap(wordViolations),
    ...crowdedFolders(shipped),
    ...circleViolations(shipped),
  ];
}

/** The modules that a source imports or re-exports, statically or not. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/\b(?:import|export)\s+(type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?(['"])([^'"\n]+)\2/g);
  const calls = code.matchAll(/\bimport\s*\(\s*(['"])([^'"\n]+)\1/g);
  return [
    ...[...statements].map(([, type, , from = '']) => ({ from, typeOnly: type !== undefined })),
    ...[...calls].map(([, , from = '']) => ({ from, typeOnly: false })),
  ];
}

function lengthViolations({ path, text }: Source): readonly string[] {
  const lines = text.trimEnd().split('\n').length;
  const most = inPhases(path) && !path.endsWith('.test.ts') ? MAX_PHASE_LINES : MAX_LINES;
  return lines > most ? [`${path} has ${lines} lines, more than ${most}`] : [];
}

function importViolations({ path, text }: Source): readonly string[] {
  return importsOf(text).flatMap((one) => {
    const problem = one.from.startsWith('.') ? folderProblem(path, one) : moduleProblem(path, one);
    return problem === undefined ? [] : [`${path} imports ${one.from}: ${problem}`];
  });
}

function folderProblem(path: string, { from, typeOnly }: Import): string | undefined {
  const target = new URL(from, `file:///${path}`).pathname.slice(1);
  if (!target.startsWith('src/')) return 'src/ imports nothing outside itself';
  const [mine, theirs] = [folderOf(path), folderOf(target)];
  if (mine === theirs || mine === 'cli') return undefined;
  const rule = TABLE[mine];
  if (rule === undefined) return `the table of imports does not know ${mine}`;
  if (rule.values.includes(theirs)) return undefined;
  if (rule.types?.includes(theirs)) return typeOnly ? undefined : `${mine} may import types of ${theirs} only`;
  return `${mine} may not import ${theirs}`;
}

function moduleProblem(path: string, { from, typeOnly }: Import): string | undefined {
  const mayOpen =
    typeOnly ||
    MAY_OPEN_SOCKETS.test(path) ||
    (from === 'node:net' && ONLY_COMPUTE.includes(path)) ||
    OPEN_NO_WAY_OUT.includes(path);
  if (SOCKETS.test(from) && !mayOpen) return 'only src/http/transport/transport opens sockets';
  if (inPhases(path) && /^(?:node:)?fs(?:\/|$)/.test(from)) return 'phases do not touch files';
  return undefined;
}

function wordViolations({ path, text }: Source): readonly string[] {
  const code = withoutComments(text);
  return FORBIDDEN_WORDS.filter(({ pattern, where }) => where(path) && pattern.test(code)).map(
    ({ word }) => `${path} uses ${word}`,
  );
}

function crowdedFolders(sources: readonly Source[]): readonly string[] {
  const folders = Map.groupBy(sources, ({ path }) => path.slice(0, path.lastIndexOf('/')));
  return [...folders].flatMap(([folder, { length }]) =>
    length > MAX_FLAT ? [`${folder} has ${length} files, more than ${MAX_FLAT}`] : [],
  );
}

/** No files import each other in a circle, nor folders that stand in the same one; types count, too. */
function circleViolations(sources: readonly Source[]): readonly string[] {
  const edges = sources.flatMap(({ path, text }) =>
    importsOf(text).flatMap(({ from }): [string, string][] =>
      from.startsWith('.') ? [[path, new URL(from, `file:///${path}`).pathname.slice(1)]] : [],
    ),
  );
  const siblings = edges.flatMap((edge) => siblingsOf(edge) ?? []);
  return [...circlesIn(graphOf(edges)), ...circlesIn(graphOf(siblings))].map(
    (circle) => `${circle.join(', ')} import each other in a circle`,
  );
}

/** The two folders or top-level files, in the same folder, through which one path leads to another; undefined within one folder. */
function siblingsOf([from, to]: readonly [string, string]): [string, string][] | undefined {
  const [mine, theirs] = [from.split('/'), to.split('/')];
  let depth = 0;
  while (mine[depth] === theirs[depth]) depth += 1;
  const isTop = depth === 1;
  if (!isTop && (depth >= mine.length - 1 || depth >= theirs.length - 1)) return undefined;
  return [[mine.slice(0, depth + 1).join('/'), theirs.slice(0, depth + 1).join('/')]];
}

function folderOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

/** Takes comments out; text such as `https://…` stays, as its `//` follows a colon. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
}
