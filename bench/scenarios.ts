import type { TreeSize } from './tree.ts';

/** What is asked of the program: to check the files, to find what is missing, to bring it, or to compare all of production. */
export type Job = 'validate' | 'parse' | 'dry' | 'promote' | 'audit';

/** One tree and one job on it. */
export type TreeScenario = {
  readonly kind: 'tree';
  readonly size: TreeSize;
  readonly job: Job;
  /** Whether the registries list digests with the tags, as gcr.io and pkg.dev do. */
  readonly google: boolean;
};

/** One image of random layers between real registries. */
export type LargeScenario = {
  readonly kind: 'large';
  readonly layers: number;
  readonly layerMiB: number;
  readonly mirrors: number;
};

/** Attachments of a tree's images that only the primary has: `missing` of them, each missing on every mirror. */
export type ReplicationScenario = {
  readonly kind: 'replication';
  readonly size: TreeSize;
  readonly form: 'sig' | 'bundle';
  readonly missing: number;
};

/** The limiter against quotas over HTTP, and its speed alone. */
export type RateLimitScenario = { readonly kind: 'ratelimit' };

/** Promotions beside registries that lie, each in a process of its own. */
export type HostileScenario = { readonly kind: 'hostile' };

/** A stopped promotion beside a mirror that is silent. */
export type StopScenario = { readonly kind: 'stop' };

export type Scenario =
  | HostileScenario
  | StopScenario
  | TreeScenario
  | LargeScenario
  | RateLimitScenario
  | ReplicationScenario;

// The three trees that the baselines were measured on.
const SIZES = {
  s: { projects: 10, images: 3, versions: 6, mirrors: 3, pending: 15 },
  m: { projects: 30, images: 4, versions: 10, mirrors: 21, pending: 11 },
  full: { projects: 61, images: 22, versions: 34, mirrors: 22, pending: 230 },
} as const satisfies Record<string, TreeSize>;

/** Every scenario by its name; `npm run bench -- NAME…` runs some of them. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ...Object.entries(SIZES).flatMap(([name, size]) => [
    [`${name}-noop`, tree({ ...size, pending: 0 }, 'promote')] as const,
    [`${name}-dry`, tree(size, 'dry')] as const,
    [`${name}-promote`, tree(size, 'promote')] as const,
  ]),
  ['m-audit', tree({ ...SIZES.m, pending: 0 }, 'audit')],
  ['full-audit', tree({ ...SIZES.full, pending: 0 }, 'audit')],
  ['s-nested', tree({ ...SIZES.s, nested: true }, 'promote')],
  ['s-tags', tree(SIZES.s, 'promote', false)],
  ['m-tags', tree(SIZES.m, 'dry', false)],
  ['validate', tree(SIZES.full, 'validate')],
  ['parse', tree(SIZES.full, 'parse')],
  ['large', { kind: 'large', layers: 4, layerMiB: 256, mirrors: 1 }],
  ['large-3', { kind: 'large', layers: 4, layerMiB: 256, mirrors: 3 }],
  ['replicate-noop', replication('sig', 0)],
  // 13 on the primary are 260 that its 20 mirrors lack.
  ['replicate-sig', replication('sig', 13)],
  ['replicate-bundles', replication('bundle', 13)],
  ['ratelimit', { kind: 'ratelimit' }],
  ['hostile', { kind: 'hostile' }],
  ['stop', { kind: 'stop' }],
]);

function tree(size: TreeSize, job: Job, google = true): TreeScenario {
  return { kind: 'tree', size, job, google };
}

function replication(form: ReplicationScenario['form'], missing: number): ReplicationScenario {
  return { kind: 'replication', size: { ...SIZES.m, pending: 0 }, form, missing };
}
