import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EXIT_CODES, RETRY_CODE, signalCode } from '../src/cli/exit-codes.ts';
import type { CipOptions } from '../src/cli/options/commands/cip.ts';
import type { MergeOptions } from '../src/cli/options/commands/report.ts';
import { route } from '../src/cli/route.ts';

const strings = z.array(z.string());

const Container = z.strictObject({
  name: z.string(),
  image: z.string(),
  command: strings,
  args: strings.optional(),
  env: z.array(z.strictObject({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() })),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
    limits: z.strictObject({ memory: z.string() }),
  }),
  volumeMounts: z.array(z.object({ name: z.string() })),
});

const Rule = z.strictObject({
  action: z.enum(['Ignore', 'FailIndex', 'FailJob', 'Count']),
  onPodConditions: z.array(z.strictObject({ type: z.literal('DisruptionTarget') })).optional(),
  onExitCodes: z
    .strictObject({ containerName: z.string(), operator: z.literal('In'), values: z.array(z.int().positive()) })
    .optional(),
});

const Job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    completionMode: z.literal('Indexed').optional(),
    completions: z.int().optional(),
    parallelism: z.int().optional(),
    backoffLimit: z.int().optional(),
    backoffLimitPerIndex: z.int().optional(),
    maxFailedIndexes: z.int().optional(),
    ttlSecondsAfterFinished: z.int(),
    podFailurePolicy: z.strictObject({ rules: z.array(Rule) }),
    template: z.strictObject({
      metadata: z.unknown(),
      spec: z.strictObject({
        restartPolicy: z.literal('Never'),
        serviceAccountName: z.string(),
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.int().optional(),
        // Pod Security Standards, «restricted»
        securityContext: z.strictObject({
          runAsNonRoot: z.literal(true),
          runAsUser: z.int().positive(),
          runAsGroup: z.int().positive(),
          fsGroup: z.int().positive(),
          seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
        }),
        initContainers: z.array(Container).optional(),
        containers: z.tuple([Container]),
        volumes: z.array(z.object({ name: z.string() })),
      }),
    }),
  }),
});
type Job = z.infer<typeof Job>;

const FILE = new URL('../deploy/kubernetes/indexed-job.yaml', import.meta.url);
const [shards, merge] = z.tuple([Job, Job]).parse(loadAll(readFileSync(FILE, 'utf8')));

/** The arguments of the container, as Kubernetes passes them to the pod of an index. */
function argumentsOf({ spec }: Job, env: Readonly<Record<string, string>>): string[] {
  const [{ args = [] }] = spec.template.spec.containers;
  return args.map((word) => word.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => env[name] ?? whole));
}

function cipOptionsOf(argv: readonly string[], env: Record<string, string>): CipOptions {
  const request = route(argv, env);
  return request.kind === 'cip' ? request.options : expect.unreachable(`it is ${request.kind}`);
}

function mergeOptionsOf(argv: readonly string[]): MergeOptions {
  const request = route(argv);
  return request.kind === 'report' ? request.options : expect.unreachable(`it is ${request.kind}`);
}

const codesOf = ({ spec }: Job, action: z.infer<typeof Rule>['action']): readonly number[] =>
  spec.podFailurePolicy.rules.flatMap((rule) => (rule.action === action ? (rule.onExitCodes?.values ?? []) : []));

describe('deploy/kubernetes/indexed-job.yaml', () => {
  const { completions = 0 } = shards.spec;
  const given = shards.spec.template.spec.containers[0].env.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const envOf = (index: number): Record<string, string> => ({
    ...Object.fromEntries(given),
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
      const [{ name }] = spec.template.spec.containers;
      const names = spec.podFailurePolicy.rules.flatMap((rule) => rule.onExitCodes?.containerName ?? []);
      expect(new Set(names)).toEqual(new Set([name]));
    }
    expect(shards.spec).toMatchObject({ completionMode: 'Indexed', parallelism: completions });
    expect(shards.spec.backoffLimitPerIndex).toBeGreaterThan(0);
    expect(shards.spec.maxFailedIndexes).toBeLessThan(completions);
    // the summary and the report of a stopped run need up to 15 s
    expect(shards.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });

  it('mounts only volumes that exist', () => {
    for (const { spec } of [shards, merge]) {
      const { initContainers = [], containers, volumes } = spec.template.spec;
      const names = volumes.map(({ name }) => name);
      for (const { volumeMounts } of [...initContainers, ...containers])
        expect(names).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)));
    }
  });
});
