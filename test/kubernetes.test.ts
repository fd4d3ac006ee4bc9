import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EXIT_CODES, RETRY_CODE, signalCode } from '../src/cli/exit-codes.ts';
import type { CipOptions } from '../src/cli/options/commands/cip.ts';
import type { MergeOptions } from '../src/cli/options/commands/report.ts';
import { route } from '../src/cli/route.ts';
import { documentsOf, expanded, PodSpec, readDeploy } from './support/deploy/files.ts';

const Rule = z.object({
  action: z.enum(['Ignore', 'FailIndex', 'FailJob', 'Count']),
  onPodConditions: z.array(z.object({ type: z.literal('DisruptionTarget') })).optional(),
  onExitCodes: z.object({ containerName: z.string(), values: z.array(z.int().positive()) }).optional(),
});

// kubeconform checks all fields (test/deploy.test.ts); these are the ones that must agree with the program
const Job = z.looseObject({
  kind: z.literal('Job'),
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({
    completions: z.int().optional(),
    backoffLimitPerIndex: z.int().optional(),
    maxFailedIndexes: z.int().optional(),
    podFailurePolicy: z.object({ rules: z.array(Rule) }),
    template: z.object({ spec: PodSpec.extend({ terminationGracePeriodSeconds: z.int().optional() }) }),
  }),
});
type Job = z.infer<typeof Job>;

const CronJob = z.object({ spec: z.object({ jobTemplate: z.object({ spec: Job.shape.spec }) }) });

const [shards, merge] = z.tuple([Job, Job]).parse(documentsOf(readDeploy('kubernetes/indexed-job.yaml')));

/** The arguments of the container, as Kubernetes passes them to the pod of an index. */
function argumentsOf({ spec }: Job, env: Readonly<Record<string, string>>): string[] {
  return spec.template.spec.containers.flatMap(({ args }) => args.map((word) => expanded(word, env)));
}

function cipOptionsOf(argv: readonly string[], env: Record<string, string>): CipOptions {
  const request = route(argv, env);
  return request.kind === 'cip' ? request.options : expect.unreachable(`it is ${request.kind}`);
}

function mergeOptionsOf(argv: readonly string[]): MergeOptions {
  const request = route(argv);
  return request.kind === 'report' ? request.options : expect.unreachable(`it is ${request.kind}`);
}

const codesOf = ({ spec }: Pick<Job, 'spec'>, action: z.infer<typeof Rule>['action']): readonly number[] =>
  spec.podFailurePolicy.rules.flatMap((rule) => (rule.action === action ? (rule.onExitCodes?.values ?? []) : []));

describe('deploy/kubernetes/indexed-job.yaml', () => {
  const { completions = 0 } = shards.spec;
  const given = shards.spec.template.spec.containers.flatMap(({ env }) =>
    env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
  );
  const envOf = (index: number): Record<string, string> => ({
    ...Object.fromEntries(given),
    // from the ConfigMap, whose values test/deploy.test.ts reads
    TREE: '.',
    SOURCES: 'gcr.io/staging-*',
    MIRRORS: 'registry.acme.example/**',
    JOB_COMPLETION_INDEX: String(index),
  });

  it('gives each pod its share, and a report that the merge reads', () => {
    const cips = Array.from({ length: completions }, (_, index) =>
      cipOptionsOf(argumentsOf(shards, envOf(index)), envOf(index)),
    );
    expect(cips.map(({ shard }) => shard)).toEqual(
      Array.from({ length: completions }, (_, index) => ({ index, of: completions })),
    );
    expect(cips[0]?.run).toMatchObject({ confirm: true, detailedExitcode: true });
    const merging = mergeOptionsOf(argumentsOf(merge, {}));
    expect(merging.sources.map(({ text }) => text)).toEqual(cips.map(({ reports }) => reports[0]?.path));
    expect(merging.wait).toBeGreaterThan(0);
    expect(merging.reports).toHaveLength(1);
  });

  it('retries passing troubles and disruptions, and nothing else that a run reports', () => {
    const known = EXIT_CODES.map(([code]) => code);
    expect(codesOf(shards, 'Count')).toEqual([RETRY_CODE]);
    expect(codesOf(shards, 'FailIndex')).toEqual([1, 2]);
    const all = [shards, merge].flatMap((job) =>
      job.spec.podFailurePolicy.rules.flatMap((rule) => rule.onExitCodes?.values ?? []),
    );
    expect(all.filter((code) => !known.includes(code))).toEqual([]);
    // a stopped pod runs again
    expect(all).not.toContain(signalCode('SIGTERM'));
    for (const { spec } of [shards, merge]) {
      expect(spec.podFailurePolicy.rules[0]).toMatchObject({ action: 'Ignore', onPodConditions: [{}] });
      const own = spec.template.spec.containers.map(({ name }) => name);
      const names = spec.podFailurePolicy.rules.flatMap((rule) => rule.onExitCodes?.containerName ?? []);
      expect(new Set(names)).toEqual(new Set(own));
    }
    expect(shards.spec).toMatchObject({ completionMode: 'Indexed', parallelism: completions });
    expect(shards.spec.backoffLimitPerIndex).toBeGreaterThan(0);
    expect(shards.spec.maxFailedIndexes).toBeLessThan(completions);
    // the summary and the report of a stopped run need up to 15 s
    expect(shards.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });
});

describe.each(['promote', 'sigcheck'])('deploy/kubernetes/%s.yaml', (name) => {
  const [cron] = documentsOf(readDeploy(`kubernetes/${name}.yaml`));
  const job = CronJob.parse(cron).spec.jobTemplate;

  it('retries passing troubles, and not the result of a run', () => {
    expect(job.spec.podFailurePolicy.rules[0]).toMatchObject({ action: 'Ignore', onPodConditions: [{}] });
    expect(codesOf(job, 'Count')).toEqual([RETRY_CODE]);
    expect(codesOf(job, 'FailJob')).toEqual([1, 2]);
    expect(job.spec.template.spec.containers.flatMap(({ args }) => args)).toContain('--detailed-exitcode');
    expect(job.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });
});
