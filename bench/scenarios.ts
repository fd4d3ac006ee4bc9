import type { Scenario } from './scenario.ts';
import { copy } from './scenarios/copy.ts';
import { hostile } from './scenarios/hostile.ts';
import { large } from './scenarios/large.ts';
import { listing } from './scenarios/listing.ts';
import { parse } from './scenarios/parse.ts';
import { platforms } from './scenarios/platforms.ts';
import { ratelimit } from './scenarios/ratelimit.ts';
import { replication } from './scenarios/replication.ts';
import { sharedQuota } from './scenarios/shared-quota.ts';
import { shards } from './scenarios/shards.ts';
import { sigcheck } from './scenarios/sigcheck.ts';
import { stop } from './scenarios/stop.ts';
import { tails429 } from './scenarios/tails-429.ts';
import { tailsSilent, tailsStop } from './scenarios/tails.ts';
import { tree } from './scenarios/tree.ts';
import { SIZES } from './tree.ts';

/** The trees when every digest is on every mirror. */
const DONE = { s: { ...SIZES.s, pending: 0 }, m: { ...SIZES.m, pending: 0 }, full: { ...SIZES.full, pending: 0 } };

/** Numbers of projects that make trees of 5,236, 45,628, 200,464 and 460,020 digests. */
const GROWTH_PROJECTS = { '5k': 7, '46k': 61, '200k': 268, '460k': 615 } as const;

const GROWTH_MIRRORS = [1, 22, 100] as const;

/** Dry runs of complete trees of every size on every number of mirrors: `growth-46k-22` is the full tree. */
function growth(): readonly (readonly [name: string, scenario: Scenario])[] {
  return Object.entries(GROWTH_PROJECTS).flatMap(([digests, projects]) =>
    GROWTH_MIRRORS.map(
      (mirrors) => [`growth-${digests}-${mirrors}`, tree({ ...DONE.full, projects, mirrors }, 'dry')] as const,
    ),
  );
}

/**
 * Every scenario by its name. To add one, write `scenarios/NAME.ts`, which exports a `Scenario` or a function that returns
 * one, and add its line here.
 */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ['s-noop', tree(DONE.s, 'promote')],
  ['s-dry', tree(SIZES.s, 'dry')],
  ['s-promote', tree(SIZES.s, 'promote', { bare: true })],
  ['s-nested', tree({ ...SIZES.s, nested: true }, 'promote')],
  ['s-tags', tree(SIZES.s, 'promote', { google: false })],
  // One listing for each destination repository, here and in the replication below, and 2 % that may be sent again.
  ['m-noop', tree(DONE.m, 'promote', { bare: true, limits: { requests: { most: 2_570 } } })],
  // A sample of 2 % of the 120 repositories of each of 21 mirrors, rounded up.
  ['m-noop-cached', tree(DONE.m, 'promote', { cached: true, bare: true, limits: { requests: { most: 63 } } })],
  ['m-dry', tree(SIZES.m, 'dry')],
  ['m-promote', tree(SIZES.m, 'promote')],
  ['m-tags', tree(SIZES.m, 'dry', { google: false })],
  // A twentieth more than one listing for each destination repository, for the catalogs.
  ['m-audit', tree(DONE.m, 'audit', { limits: { requests: { most: 2_646 } } })],
  ['full-noop', tree(DONE.full, 'promote')],
  // One listing for each of 29,524 destination repositories, one HEAD for each of about 6,000 tags that 230 pending digests
  // lack there, and what these need at the source.
  ['full-dry', tree(SIZES.full, 'dry', { limits: { requests: { most: 37_300 }, peakMiB: { most: 350 } } })],
  ['full-promote', tree(SIZES.full, 'promote')],
  ['full-audit', tree(DONE.full, 'audit', { limits: { requests: { most: 31_000 }, peakMiB: { most: 350 } } })],
  // Beside a script that only reads and compares the same lists.
  [
    'listing',
    listing(SIZES.full, { 'time / bare': { most: 1.2 }, 'cpu / bare': { most: 1.5 }, peakMiB: { most: 250 } }),
  ],
  ['listing-m', listing(DONE.m)],
  // Beside a parser that keeps no positions, does not check, and does not look for conflicts. A script in Git hooks and
  // editors is not waited for.
  ['validate', parse('validate', SIZES.full, { 'cpu / js-yaml': { most: 4 } })],
  ['parse', parse('parse', SIZES.full, { 'cpu / js-yaml': { most: 5 } })],
  ['platforms', platforms],
  ['sigcheck', sigcheck],
  ['replicate-noop', replication('sig', 0, { requests: { most: 2_570 } })],
  // 13 on the primary are 260 that its 20 mirrors lack.
  ['replicate-sig', replication('sig', 13)],
  ['replicate-bundles', replication('bundle', 13)],
  ['shards', shards],
  // Ten times Kubernetes' tree: each of eight pods has 256 MiB.
  ['shard-of-8', tree({ ...DONE.full, projects: 610 }, 'dry', { shard: '0/8', limits: { peakMiB: { most: 250 } } })],
  ...growth(),
  ['large', large({ layers: 4, layerMiB: 256, mirrors: 1 })],
  ['large-3', large({ layers: 4, layerMiB: 256, mirrors: 3 })],
  ['copy-1', copy({ layers: 4, layerMiB: 1024, mirrors: 1 })],
  ['copy-3', copy({ layers: 4, layerMiB: 1024, mirrors: 3 })],
  // 11 GiB are sent: with 1 GiB a layer a pair would take minutes.
  ['copy-22', copy({ layers: 4, layerMiB: 128, mirrors: 22 })],
  // The start of the program, a second, is less than a twentieth of what each of these takes.
  ['copy-link-1g', copy({ layers: 4, layerMiB: 512, mirrors: 1, gbit: 1 })],
  ['copy-link3-1g', copy({ layers: 4, layerMiB: 192, mirrors: 3, gbit: 1 })],
  ['copy-link-2g5', copy({ layers: 4, layerMiB: 1024, mirrors: 1, gbit: 2.5 })],
  ['copy-link-5g', copy({ layers: 4, layerMiB: 1024, mirrors: 1, gbit: 5 })],
  ['ratelimit', ratelimit],
  // 15 s with Redis, 15 s without it, and 15 s after it is back, for each quota.
  ['shared-quota', sharedQuota],
  ['hostile', hostile],
  ['stop', stop],
  ['tails-silent', tailsSilent],
  ['tails-stop', tailsStop],
  ['tails-429', tails429],
]);

/** Scenarios that are asked for together. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  // What CI runs: less than 40 s on two cores, and together every kind of request that a promotion, a replication and a
  // check of the files send.
  quick: ['s-promote', 's-nested', 's-tags', 'm-noop', 'parse', 'sigcheck', 'replicate-sig'],
  // Whether a run takes as long as the network: what slow or refused requests cost, what need not be asked, copies beside
  // curl, and lists beside a bare script.
  network: [
    'tails-silent',
    'tails-stop',
    'tails-429',
    's-promote',
    'm-noop',
    'm-noop-cached',
    'listing',
    'copy-1',
    'copy-3',
    'copy-22',
  ],
};
