import { describe, expect, it } from 'vitest';
import { letThrough } from '../../../test/support/promotion/promoted.ts';
import { PromotionError, type Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { Target } from '../../image/target.ts';
import type { PlannedImage, TargetResult } from '../../phases/images.ts';
import type { Plan } from '../../phases/plan.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { Outputs } from '../outputs.ts';
import { buildReport } from './promotion.ts';

const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const run: RunFacts = { version: 'test', mode: 'promote', started: '2026-01-01T12:00:00.000Z', ms: 5 };
const at = { file: 'images/p/images.yaml', line: 3, column: 5 };
const wanted = { name: 'app', source: 'a.test/app', digest: DIGEST, tags: ['v1', 'v2'], at, tagPositions: [] };

const target = (host: string, given: Partial<Target> = {}): Target => ({
  repository: `${host}/app`,
  action: 'copy',
  tags: ['v1', 'v2'],
  isNew: false,
  ...given,
});

const planOf = (images: readonly PlannedImage[], failures: readonly Failure[] = []): Plan => ({
  images,
  failures,
  present: 7,
  repositories: ['b.test/app', 'b.test/other', 'c.test/app'],
});

const promoted = (failures: readonly Failure[], ...results: (Target & Partial<TargetResult>)[]): Outputs => ({
  ...letThrough(planOf([])),
  promotion: {
    images: [
      {
        wanted,
        sourceReads: 3,
        results: results.map((given) => ({ attempts: 1, requests: 5, bytes: 100, ms: 20, ...given })),
      },
    ],
    failures,
  },
});

const refused = (code: Failure['code'], line: number, ...refs: string[]): Failure => ({
  phase: 'plan',
  code,
  message: `is ${code}`,
  at: { ...at, line },
  image: 'app',
  digest: DIGEST,
  source: `a.test/app@${DIGEST}`,
  refs,
});

describe('src/report/build/promotion.ts', () => {
  it('counts the images of the manifests if no other phase ran', () => {
    const sets = [{ project: 'p', source: 'a.test/app', destinations: [], name: 'app', images: [wanted, wanted] }];
    const report = buildReport({ ...run, mode: 'parse' }, { loaded: { sets, failures: [] } }, new Map());
    expect(report).toMatchObject({ images: [], registries: [], totals: { images: 2, repositories: 0, requests: 0 } });
    expect(buildReport(run, {}, new Map()).totals.images).toBe(0);
  });

  it('counts the images outside a diff', () => {
    const sets = [{ project: 'p', source: 'a.test/app', destinations: [], name: 'app', images: [wanted] }];
    const diff = {
      base: { projects: [], problems: [] },
      diff: { changes: [], removed: [], policyChanges: [] },
      all: sets,
      unchanged: 7,
    };
    const loaded = { sets, failures: [], diff };
    expect(buildReport(run, { loaded }, new Map()).totals).toMatchObject({ images: 1, unchanged: 7 });
    expect(buildReport(run, { loaded, plan: planOf([]) }, new Map()).totals.unchanged).toBe(7);
    expect(buildReport(run, { plan: planOf([]) }, new Map()).totals.unchanged).toBeUndefined();
  });

  it('reports each pending reference of a dry run', () => {
    const tagged = target('c.test', { action: 'tag', tags: ['v2'] });
    const { images, totals } = buildReport(
      run,
      { plan: planOf([{ wanted, targets: [target('b.test'), tagged] }]) },
      new Map(),
    );
    expect(images).toEqual([
      {
        name: 'app',
        digest: DIGEST,
        tags: ['v1', 'v2'],
        source: `a.test/app@${DIGEST}`,
        file: 'images/p/images.yaml',
        line: 3,
        sourceReads: 0,
        targets: [
          { ref: 'b.test/app:v1', action: 'copy', pending: true, attempts: 0, requests: 0, bytes: 0, ms: 0 },
          { ref: 'b.test/app:v2', action: 'copy', pending: true, attempts: 0, requests: 0, bytes: 0, ms: 0 },
          { ref: 'c.test/app:v2', action: 'tag', pending: true, attempts: 0, requests: 0, bytes: 0, ms: 0 },
        ],
        mirrors: [
          { name: 'b.test', state: 'pending' },
          { name: 'c.test', state: 'pending' },
        ],
      },
    ]);
    expect(totals).toMatchObject({
      repositories: 3,
      present: 7,
      pending: 3,
      copied: 0,
      tagged: 0,
      failed: 0,
    });
  });

  it('reports the results of a promotion, and the cost of a mirror with its first reference', () => {
    const tagless = target('d.test', { tags: [] });
    const reached = promoted([], target('b.test'), target('c.test', { action: 'tag', tags: ['v2'] }), tagless);
    const { images, totals } = buildReport(run, reached, new Map());
    const cost = { attempts: 1, requests: 5, bytes: 100, ms: 20 };
    expect(images[0]?.targets).toEqual([
      { ref: 'b.test/app:v1', action: 'copy', ...cost },
      { ref: 'b.test/app:v2', action: 'tag', ...cost, requests: 0, bytes: 0 },
      { ref: 'c.test/app:v2', action: 'tag', ...cost },
      { ref: `d.test/app@${DIGEST}`, action: 'copy', ...cost },
    ]);
    expect(totals).toMatchObject({ pending: 0, copied: 2, tagged: 2, failed: 0, sourceReads: 3 });
  });

  it('reports the failure of a mirror, and counts it for its registry', () => {
    const error = new PromotionError('DENIED', 'not yours');
    const failure: Failure = { ...refused('DENIED', 3, 'c.test/app:v1', 'c.test/app:v2'), phase: 'promote' };
    const reached = promoted([failure], target('b.test'), { ...target('c.test'), error, attempts: 2 });
    const { images, totals, registries } = buildReport(run, reached, new Map());
    expect(images).toHaveLength(1);
    expect(images[0]?.targets.slice(2)).toMatchObject([
      { ref: 'c.test/app:v1', action: 'failed', reason: 'not yours', code: 'DENIED', attempts: 2 },
      { ref: 'c.test/app:v2', action: 'failed', reason: 'not yours', code: 'DENIED', attempts: 2 },
    ]);
    expect(totals).toMatchObject({ copied: 1, tagged: 1, failed: 2 });
    expect(registries.map(({ host, failed }) => [host, failed])).toEqual([
      ['b.test', 0],
      ['c.test', 2],
    ]);
  });

  it('adds rejected images to their pending report, or as new ones', () => {
    const other = { ...refused('LOST', 9, 'b.test/other:v1'), source: `a.test/other@${DIGEST}`, image: 'other' };
    const failures = [refused('TAG_MOVE', 4, 'b.test/app:v3'), other];
    const due = { wanted, targets: [target('b.test', { tags: ['v1'] })] };
    const { images, totals, registries } = buildReport(run, { plan: planOf([due], failures) }, new Map());
    expect(
      images.map(({ name, line, tags, targets }) => ({
        name,
        line,
        tags,
        targets: targets.map(({ ref, action, code }) => [ref, action, code]),
      })),
    ).toEqual([
      {
        name: 'app',
        line: 3,
        tags: ['v1', 'v2'],
        targets: [
          ['b.test/app:v1', 'copy', undefined],
          ['b.test/app:v3', 'failed', 'TAG_MOVE'],
        ],
      },
      { name: 'other', line: 9, tags: ['v1'], targets: [['b.test/other:v1', 'failed', 'LOST']] },
    ]);
    expect(totals).toMatchObject({ pending: 1, failed: 2 });
    // the mirror itself did not fail
    expect(registries.every(({ failed }) => failed === 0)).toBe(true);
  });

  it('sums the traffic of each registry, including sources, and the unread repositories', () => {
    const unread: Failure = { phase: 'plan', code: 'NETWORK', message: 'gone', refs: ['b.test/app', 'b.test/other'] };
    const traffic = new Map([
      ['c.test', { requests: 2, bytes: 10 }],
      ['a.test', { requests: 1, bytes: 5 }],
    ]);
    const { registries, totals } = buildReport(run, { plan: planOf([], [unread]) }, traffic);
    expect(registries).toEqual([
      { host: 'a.test', repositories: 0, failed: 0, unread: 0, requests: 1, bytes: 5 },
      { host: 'b.test', repositories: 2, failed: 2, unread: 2, requests: 0, bytes: 0 },
      { host: 'c.test', repositories: 1, failed: 0, unread: 0, requests: 2, bytes: 10 },
    ]);
    expect(totals).toMatchObject({ requests: 3, bytes: 15 });
  });
});
