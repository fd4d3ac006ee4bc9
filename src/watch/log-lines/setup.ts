import type { ImageChange } from '../../manifest/diff/tree-diff.ts';
import type { PolicyChange } from '../../manifest/diff/policy-changes.ts';
import { shardText } from '../../sharding/shard.ts';
import { counted, info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Longer lists are cut: a change of a whole tree would fill the log. */
const MOST_NAMED = 10;
/** As many digits of a commit or digest as people compare. */
const SHORT = 12;

/** The manifests, and how they differ from the base. */
export const SETUP = {
  *'tree-compared'({ diff: { changes, removed, policyChanges }, commit, isDirty, mended }) {
    const base = commit === undefined ? 'nothing: there is no earlier commit' : `commit ${commit.slice(0, SHORT)}`;
    yield info(`Comparing with ${base}`);
    if (isDirty) yield info('The manifests have changes that are not committed; they count');
    if (mended > 0)
      yield info(`Of that commit ${counted(mended, 'place')} cannot be read; what stands there counts as new`);
    for (const line of summary(changes)) yield info(`  ${line}`);
    if (removed.length > 0) yield info('Stays in production, no longer managed:');
    for (const change of removed.slice(0, MOST_NAMED)) yield info(`  ${goneLine(change)}`);
    if (removed.length > MOST_NAMED) yield info(`  and ${removed.length - MOST_NAMED} more`);
    for (const line of policyLines(policyChanges)) yield info(line);
    const digests = countDigests(changes);
    yield info(digests === 0 ? UPSTREAM.nothingInDiff : UPSTREAM.foundInDiff(digests));
  },
  *'share-chosen'({ share: { shard, digests, components, heavy } }) {
    const size = `${counted(digests.mine, 'digest')} of ${digests.all}, ${counted(components.mine, 'component')} of ${components.all}`;
    yield info(`Shard ${shardText(shard)} of the tree: ${size}`);
    if (heavy.length === 0) return;
    const names = heavy.map(({ name, weight }) => `${name} (${counted(weight, 'digest')})`);
    const share = counted(Math.round(digests.all / shard.of), 'digest');
    yield warning(
      `Components of repositories that share digests are not divided; heavier than 1.5 shares of ${share}: ${named(names)}; the other shards wait for theirs, so use fewer shards`,
    );
  },
  *'policies-loaded'({ policies, requiring, warning: warnings, idle, unmatched }) {
    if (requiring + warnings > 0)
      yield info(`Provenance policies: ${requiring} of ${policies} require, ${warnings} warn`);
    if (idle.length > 0)
      yield warning(`Provenance policies that are off and ask nothing: ${named(idle)}; set "mode" to warn or require`);
    if (unmatched.length > 0)
      yield warning(
        `Levels of provenance policies that no image has to reach: ${named(unmatched)}; check the names under "levels"`,
      );
  },
} satisfies Partial<Renderers>;

function named(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? [`and ${names.length - MOST_NAMED} more`] : [];
  return [...names.slice(0, MOST_NAMED), ...more].join(', ');
}

const NAMES = {
  source: 'source registry',
  registries: 'mirrors',
  primary: 'primary registry',
  provenance: 'provenance policy',
  artifactTypes: 'types of artifact',
  vulnerabilities: 'vulnerability policy',
} as const satisfies Readonly<Record<PolicyChange['kind'], string>>;

/** Returns every change, since each may let an image through. */
function policyLines(changes: readonly PolicyChange[]): readonly string[] {
  if (changes.length === 0) return [];
  return [
    'Changed policies and registries:',
    ...changes.flatMap(({ kind, project, before, after }) => [
      `  ${project}: ${NAMES[kind]}`,
      ...(before === undefined ? [] : [`    ${kind === 'registries' ? 'gone' : 'was'}: ${before}`]),
      ...(after === undefined ? [] : [`    ${kind === 'registries' ? 'new' : 'is'}: ${after}`]),
    ]),
  ];
}

function summary(changes: readonly ImageChange[]): string[] {
  const of = (kind: ImageChange['kind']): ImageChange[] => changes.filter((change) => change.kind === kind);
  const lines = (
    [
      ['added', of('added')],
      ['retagged', of('retagged')],
      ['of another source', of('resourced')],
    ] as const
  ).flatMap(([word, found]) => (found.length === 0 ? [] : [`${word}: ${counted(countDigests(found), 'digest')}`]));
  const backfilled = of('backfilled');
  const mirrors = [...new Set(backfilled.flatMap(({ destinations }) => destinations))].toSorted();
  return [
    ...lines,
    ...mirrors.map((mirror) => {
      const found = backfilled.filter(({ destinations }) => destinations.includes(mirror));
      return `backfilled to ${mirror}: ${counted(countDigests(found), 'digest')}`;
    }),
  ];
}

function goneLine({ kind, name, digest, tags, destinations }: ImageChange): string {
  const image = `${name}@${digest.slice(0, 'sha256:'.length + SHORT)}…`;
  if (kind === 'added') return `${image}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`;
  return kind === 'retagged' ? `${image}: ${tags.join(', ')}` : `${image} on ${destinations.join(', ')}`;
}

function countDigests(changes: readonly ImageChange[]): number {
  return new Set(changes.map(({ source, digest }) => `${source}@${digest}`)).size;
}
