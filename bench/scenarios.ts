import type { Scenario } from './scenario.ts';
import { hostile } from './scenarios/hostile.ts';
import { large } from './scenarios/large.ts';
import { ratelimit } from './scenarios/ratelimit.ts';
import { replication } from './scenarios/replication.ts';
import { stop } from './scenarios/stop.ts';
import { tree } from './scenarios/tree.ts';
import { SIZES } from './tree.ts';

/** The trees when every digest is on every mirror. */
const DONE = { m: { ...SIZES.m, pending: 0 }, full: { ...SIZES.full, pending: 0 } };

/**
 * Every scenario by its name. To add one, write `scenarios/NAME.ts`, which exports a `Scenario` or a function that returns
 * one, and add its line here.
 */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ['s-noop', tree({ ...SIZES.s, pending: 0 }, 'promote')],
  ['s-dry', tree(SIZES.s, 'dry')],
  ['s-promote', tree(SIZES.s, 'promote')],
  ['s-nested', tree({ ...SIZES.s, nested: true }, 'promote')],
  ['s-tags', tree(SIZES.s, 'promote', { google: false })],
  // One listing for each destination repository, here and in the replication below.
  ['m-noop', tree(DONE.m, 'promote', { limits: { requests: { most: 2_520 } } })],
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
  ['validate', tree(SIZES.full, 'validate', { limits: { requests: { most: 0 } } })],
  ['parse', tree(SIZES.full, 'parse', { limits: { requests: { most: 0 } } })],
  ['replicate-noop', replication('sig', 0, { requests: { most: 2_520 } })],
  // 13 on the primary are 260 that its 20 mirrors lack.
  ['replicate-sig', replication('sig', 13)],
  ['replicate-bundles', replication('bundle', 13)],
  ['large', large({ layers: 4, layerMiB: 256, mirrors: 1 })],
  ['large-3', large({ layers: 4, layerMiB: 256, mirrors: 3 })],
  ['ratelimit', ratelimit],
  ['hostile', hostile],
  ['stop', stop],
]);
