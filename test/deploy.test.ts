import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { route } from '../src/cli/route.ts';
import {
  applied,
  DEPLOY,
  documentsOf,
  expanded,
  judged,
  podOf,
  prowPods,
  readDeploy,
  taskPod,
  type Container,
  type Pod,
} from './support/deploy/files.ts';
import { schemaLocation, writeSchemas } from './support/deploy/schemas.ts';
import { orSkip, requireProgram } from './support/programs.ts';

const IMAGE = 'ghcr.io/kpromo/kpromo:v0.1.0';
const INDEXED = 'kubernetes/indexed-job.yaml';

/** Kinds in deploy/; kubeconform fails for a document of another one. */
const KINDS = [
  'Pod',
  'CronJob',
  'Job',
  'Deployment',
  'Service',
  'ConfigMap',
  'Namespace',
  'NetworkPolicy',
  'ServiceAccount',
];

/** All pods of deploy/. */
function allPods(root = DEPLOY): readonly Pod[] {
  const kubernetes = [applied(root), readDeploy(INDEXED, root)].flatMap((text) => documentsOf(text));
  const pods = kubernetes.flatMap((document) => podOf(document) ?? []);
  return [...pods, ...prowPods(root), taskPod({}, root)];
}

const containersOf = ({ spec }: Pod): readonly Container[] => [...spec.initContainers, ...spec.containers];
const isKpromo = ({ image }: Container): boolean => image.includes('kpromo');

/** A copy of deploy/ with one text replaced in one file. */
function mutated(file: string, from: string, to: string): string {
  const root = mkdtempSync(join(tmpdir(), 'kpromo-deploy-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  cpSync(DEPLOY, root, { recursive: true });
  const text = readDeploy(file, root);
  expect(text).toContain(from);
  writeFileSync(join(root, file), text.replace(from, to));
  return root;
}

/** Resolves to the number of valid documents in the files for Kubernetes; rejects if kubeconform rejects one. */
async function conform(root = DEPLOY): Promise<number> {
  const schemas = mkdtempSync(join(tmpdir(), 'kpromo-schemas-'));
  onTestFinished(() => rmSync(schemas, { recursive: true }));
  await writeSchemas(requireProgram('kubernetes-openapi'), schemas, KINDS);
  const flags = ['-strict', '-summary', '-schema-location', schemaLocation(schemas)];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'task' }, spec: taskPod({}, root).spec };
  const text = [applied(root), readDeploy(INDEXED, root), JSON.stringify(pod)].join('\n---\n');
  const summary = judged('kubeconform', [...flags, '-'], text);
  expect(summary).toContain('Invalid: 0, Errors: 0, Skipped: 0');
  return Number(/Valid: (\d+)/.exec(summary)?.[1]);
}

/** Fails for a pod that the Pod Security Standard «restricted» rejects; else prints nothing. */
function restrict(pods: readonly Pod[]): string {
  return judged('pods-judge', ['restricted'], pods.map(({ spec }) => JSON.stringify(spec)).join('\n'));
}

describe('deploy/', () => {
  it('has only resources that Kubernetes knows, field by field', async (test) => {
    // the applied resources, the two Jobs of a run on several nodes, and the pod of Tekton's Task
    expect(await orSkip(test, () => conform())).toBe(documentsOf(applied()).length + 2 + 1);
  });

  it('has a Task that Tekton accepts and jobs that Prow accepts', async (test) => {
    expect(await orSkip(test, () => judged('pods-judge', ['tekton', join(DEPLOY, 'tekton/task.yaml')]))).toBe('');
    const pods = await orSkip(test, () => judged('prow-judge', [join(DEPLOY, 'prow/jobs.yaml')]));
    expect(pods.trim().split('\n')).toHaveLength(prowPods().length);
  });

  it('has only pods of the standard «restricted»', async (test) => {
    expect(await orSkip(test, () => restrict(allPods()))).toBe('');
  });

  it.each<[string, string, string]>([
    ['kubernetes/promote.yaml', 'concurrencyPolicy: Forbid', 'concurrencyPolicie: Forbid'],
    ['kubernetes/promote.yaml', 'backoffLimit: 2', "backoffLimit: '2'"],
    ['kubernetes/sigcheck.yaml', 'envFrom: &settings', 'envfrom: &settings'],
    ['kubernetes/redis.yaml', 'type: Recreate', 'typ: Recreate'],
    ['kubernetes/network-policy.yaml', 'policyTypes: [Ingress, Egress]', 'policyTypes: Ingress'],
    ['kubernetes/service-accounts.yaml', 'automountServiceAccountToken', 'automountToken'],
    ['kubernetes/pushgateway/sidecar.yaml', 'restartPolicy: Always', 'restart: Always'],
    [INDEXED, 'maxFailedIndexes', 'maxFailedIndices'],
    ['tekton/task.yaml', 'readOnlyRootFilesystem: true', 'readOnlyRoot: true'],
  ])('would not pass the check of %s with %s as %s', async (file, from, to) => {
    await expect(conform(mutated(file, from, to))).rejects.toThrow(/kubeconform: .*invalid|is not here/s);
  });

  it.each<[string, string]>([
    ['run_if_changed', 'run_if_change'],
    ['readOnlyRootFilesystem', 'readOnlyRootFileSystems'],
    ['max_concurrency: 1', 'max_concurrency: one'],
    ['interval: 6h', 'interval: six hours'],
    ['cron: ', 'interval: 6h\n    cron: '],
  ])('would not pass the check of Prow with %s as %s', (from, to) => {
    const root = mutated('prow/jobs.yaml', from, to);
    expect(() => judged('prow-judge', [join(root, 'prow/jobs.yaml')])).toThrow(/^prow-judge: .+|is not here/s);
  });

  it.each<[string, string]>([
    ['computeResources', 'resource'],
    ['$(params.manifests)', '$(params.manifest)'],
    ['- name: source', '- name: docker'],
  ])('would not pass the check of Tekton with %s as %s', (from, to) => {
    const root = mutated('tekton/task.yaml', from, to);
    expect(() => judged('pods-judge', ['tekton', join(root, 'tekton/task.yaml')])).toThrow(
      /^pods-judge: (?!.*panic).+|is not here/s,
    );
  });

  it('would not pass with a result that the Task does not declare', () => {
    const root = mutated('tekton/task.yaml', '$(results.exit-code.path)', '$(results.code.path)');
    expect(() => taskPod({}, root)).toThrow('$(results.code.path)');
  });

  it.each<[string, string, string]>([
    ['kubernetes/promote.yaml', 'runAsNonRoot: true', 'runAsNonRoot: false'],
    ['kubernetes/redis.yaml', 'drop: [ALL]', 'add: [NET_ADMIN]'],
    ['kubernetes/pushgateway/sidecar.yaml', 'allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'],
    ['prow/jobs.yaml', 'type: RuntimeDefault', 'type: Unconfined'],
    ['tekton/task.yaml', 'runAsUser: 65532', 'runAsUser: 0'],
  ])('would not be «restricted» if %s had %s as %s', (file, from, to) => {
    expect(() => restrict(allPods(mutated(file, from, to)))).toThrow(/not restricted|is not here/);
  });

  it('names one image of kpromo, and all others by digest', async (test) => {
    const pods = await orSkip(test, () => allPods());
    const images = new Set(pods.flatMap(containersOf).map(({ image }) => image));
    const others = [...images].filter((image) => image !== IMAGE);
    expect(images).toContain(IMAGE);
    expect(others.filter((image) => !/^[a-z.]+\/[a-z/]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
  });

  it('has only command lines that kpromo accepts', async (test) => {
    const pods = await orSkip(test, () => allPods());
    const Settings = z.looseObject({ data: z.record(z.string(), z.string()) });
    const settings = documentsOf(applied()).find(({ kind }) => kind === 'ConfigMap');
    const { data } = Settings.parse(settings);
    const kinds = pods.flatMap(({ spec, name }) =>
      spec.containers.filter(isKpromo).map(({ command, args, env }) => {
        const own = Object.fromEntries(
          env.flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value]])),
        );
        const all = { ...data, ...own, JOB_COMPLETION_INDEX: '0' };
        const words = [...command, ...args].map((word) => expanded(word, all));
        // the words of the Task follow its script
        return [name, route(words.slice(words.indexOf('kpromo') + 1), all).kind];
      }),
    );
    expect(Object.fromEntries(kinds)).toEqual({
      'kpromo-promote': 'cip',
      'kpromo-sigcheck': 'sigcheck',
      'kpromo-run-1': 'cip',
      'kpromo-run-1-merge': 'report',
      'pull-images-promotion': 'cip',
      'post-images-promotion': 'cip',
      'periodic-images-promotion': 'cip',
      'periodic-images-replication': 'replicate',
      'periodic-images-sigcheck': 'sigcheck',
      'periodic-images-audit': 'audit',
      kpromo: 'cip',
    });
  });

  it('mounts only volumes that exist', async (test) => {
    const pods = await orSkip(test, () => allPods());
    for (const { spec } of pods) {
      const names = spec.volumes.map(({ name }) => name);
      for (const container of [...spec.initContainers, ...spec.containers])
        expect(names).toEqual(expect.arrayContaining(container.volumeMounts.map(({ name }) => name)));
    }
  });

  it('requests at least the memory of the benchmark that the line above names', () => {
    const Results = z.record(z.string(), z.looseObject({ peakMiB: z.number().optional() }));
    const results = Results.parse(JSON.parse(readFileSync(new URL('../bench/results.json', import.meta.url), 'utf8')));
    const files = ['promote.yaml', 'sigcheck.yaml', 'indexed-job.yaml'].map((name) => `kubernetes/${name}`);
    const measured = [...files, 'prow/jobs.yaml', 'tekton/task.yaml'].flatMap((file) => {
      const found = [...readDeploy(file).matchAll(/# bench ([\w-]+): (\d+) MiB[^]*?requests: .* memory: (\d+)Mi/g)];
      expect(found.length, file).toBeGreaterThan(0);
      return found;
    });
    for (const [text, name = '', said, requested] of measured) {
      expect(Number(said), text).toBe(results[name]?.peakMiB);
      expect(Number(requested), text).toBeGreaterThan(Number(said));
    }
  });

  it('is described by docs/kubernetes.md, file by file', () => {
    const page = readFileSync(new URL('../docs/kubernetes.md', import.meta.url), 'utf8');
    const folders = readdirSync(DEPLOY).filter((name) => name !== 'monitoring');
    for (const folder of folders) expect(page).toContain(`../deploy/${folder}/`);
  });
});
