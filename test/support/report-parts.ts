import type { Failure } from '../../src/errors.ts';
import type { ImageReport, RunReport, TargetReport } from '../../src/report/model/report.ts';
import type { RunFacts } from '../../src/pipeline/run-facts.ts';
import type { TrafficSeries } from '../../src/pipeline/timeline.ts';
import { mirrorFinder } from '../../src/report/mirrors.ts';
import { referenceTotals } from '../../src/report/build/promotion.ts';

const START = Date.UTC(2026, 0, 31, 12);

/** A promotion that came to its end. */
export const FACTS: RunFacts = {
  version: '1.2.3',
  mode: 'promote',
  started: new Date(START).toISOString(),
  ms: 9_400,
  phases: [
    { name: 'setup', start: 0, ms: 300, ended: 'done' },
    { name: 'plan', start: 300, ms: 2_100, ended: 'done' },
    { name: 'provenance', start: 2_400, ms: 400, ended: 'done' },
    { name: 'validate', start: 2_800, ms: 100, ended: 'done' },
    { name: 'promote', start: 2_900, ms: 5_000, ended: 'done' },
    { name: 'sign', start: 7_900, ms: 1_000, ended: 'done' },
    { name: 'attest', start: 8_900, ms: 500, ended: 'done' },
  ],
};

/** A digest that is another for each number. */
export const digestOf = (seed: number): string => `sha256:${(seed + 0xab3ca464bf).toString(16).repeat(8).slice(0, 64)}`;

/** Where images are promoted to. */
export const MIRRORS = [
  'us-central1-docker.pkg.dev/acme/prod',
  'europe-west1-docker.pkg.dev/acme/prod',
  'asia-east1-docker.pkg.dev/acme/prod',
];

/** What a mirror got. */
export function target(mirror: string, name: string, tag: string, given: Partial<TargetReport> = {}): TargetReport {
  return {
    ref: `${mirror}/${name}:${tag}`,
    action: 'copy',
    attempts: 1,
    requests: 9,
    bytes: 8_388_608,
    ms: 1_250,
    ...given,
  };
}

/** An image of the tree that the others are in. */
export function image(
  name: string,
  seed: number,
  targets: readonly TargetReport[],
  given: Partial<ImageReport> = {},
): ImageReport {
  const bare = {
    name,
    digest: digestOf(seed),
    tags: ['v1.0.0'],
    source: `gcr.io/acme-staging/${name}@${digestOf(seed)}`,
    file: 'images/acme/images.yaml',
    line: 3 + seed * 4,
    sourceReads: 1,
    targets,
  };
  return { ...bare, mirrors: mirrorFinder([bare], new Set())(bare, undefined), ...given };
}

/** A report with totals that are true of its images. */
export function reportOf(
  images: readonly ImageReport[],
  failures: readonly Failure[],
  given: Partial<RunReport> = {},
): RunReport {
  const targets = images.flatMap((one) => one.targets);
  const hosts = [...new Set(targets.map(({ ref }) => ref.split('/')[0] ?? ''))];
  return {
    run: FACTS,
    images,
    failures,
    registries: [
      { host: 'gcr.io', repositories: 0, failed: 0, unread: 0, requests: 41, bytes: 16_777_216 },
      ...hosts.map((host) => ({ host, repositories: 12, failed: 0, unread: 0, requests: 97, bytes: 8_388_608 })),
    ],
    totals: {
      images: Math.max(46, images.length),
      repositories: hosts.length * 12,
      present: 120,
      ...referenceTotals(images),
      requests: 332,
      bytes: 41_943_040,
      sourceReads: images.length,
    },
    ...given,
  };
}

const wave = (length: number, of: (step: number) => number): number[] => Array.from({ length }, (_, step) => of(step));

/** Requests to as many hosts, in waves. */
export function trafficOf(hosts: readonly string[], length = 38): TrafficSeries {
  return {
    start: START,
    step: 250,
    hosts: hosts.map((host, row) => ({
      host,
      requests: wave(length, (step) => Math.max(0, Math.round(9 * Math.sin((step - row * 4) / 6) + 6))),
      refused: wave(length, (step) => (row === 1 && step > 12 && step < 17 ? 2 : 0)),
      unanswered: wave(length, () => 0),
      limit: wave(length, (step) => (row === 1 && step > 14 ? 30 : 75)),
    })),
  };
}
