import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { z } from 'zod';
import { requireProgram } from '../programs.ts';

/** The folder with the files that run kpromo elsewhere. */
export const DEPLOY = join(import.meta.dirname, '..', '..', '..', 'deploy');

const EnvVar = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional(),
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
    })
    .optional(),
});

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  workingDir: z.string().optional(),
  restartPolicy: z.string().optional(),
  env: z.array(EnvVar).default([]),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }).loose(),
  }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});

const Volume = z.looseObject({
  name: z.string(),
  emptyDir: z.looseObject({}).optional(),
  secret: z.object({ secretName: z.string(), optional: z.boolean().optional() }).optional(),
  projected: z
    .object({
      sources: z.array(z.object({ serviceAccountToken: z.looseObject({ path: z.string(), audience: z.string() }) })),
    })
    .optional(),
});

/** The parts of a pod that tests read. */
export const PodSpec = z.looseObject({
  serviceAccountName: z.string().optional(),
  initContainers: z.array(Container).default([]),
  containers: z.array(Container).min(1),
  volumes: z.array(Volume).default([]),
});
export type PodSpec = z.infer<typeof PodSpec>;
export type Container = z.infer<typeof Container>;

/** A pod of a file: the resource that makes it, its labels and its specification. */
export type Pod = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly spec: PodSpec };

const Template = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  spec: z.unknown(),
});
const Templates = z.union([
  z.object({ spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: Template }) }) }) }),
  z.object({ spec: z.object({ template: Template }) }),
]);
const Named = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
export type Document = z.infer<typeof Named>;

/** Reads the documents of a YAML text of Kubernetes. */
export function documentsOf(text: string): readonly Document[] {
  return loadAll(text).map((document) => Named.parse(document));
}

/** Reads a file of deploy/, or of a copy of it. */
export function readDeploy(file: string, root = DEPLOY): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The resources that `kubectl apply -k deploy/kubernetes` applies; throws MissingProgram without the judge. */
export function applied(root = DEPLOY): string {
  return judged('pods-judge', ['kustomize', join(root, 'kubernetes')]);
}

/** Runs a judge and returns its output; throws its message if it rejects. */
export function judged(name: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(requireProgram(name), args, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${name}: ${stdout}${stderr}`);
  return stdout;
}

/** The pod that a Job, a CronJob or a Deployment makes; undefined for other kinds. */
export function podOf(document: Document): Pod | undefined {
  const parsed = Templates.safeParse(document);
  if (!parsed.success) return undefined;
  const { spec } = parsed.data;
  const template = 'jobTemplate' in spec ? spec.jobTemplate.spec.template : spec.template;
  return { name: document.metadata.name, labels: template.metadata.labels, spec: PodSpec.parse(template.spec) };
}

const ProwJob = z.looseObject({ name: z.string(), spec: z.unknown() });
const ProwJobs = z.strictObject({
  presubmits: z.record(z.string(), z.array(ProwJob)),
  postsubmits: z.record(z.string(), z.array(ProwJob)),
  periodics: z.array(ProwJob),
});

/** The pods of the jobs of a file for Prow, as the file has them. */
export function prowPods(root = DEPLOY): readonly Pod[] {
  const [file] = loadAll(readDeploy('prow/jobs.yaml', root));
  const { presubmits, postsubmits, periodics } = ProwJobs.parse(file);
  return [...[presubmits, postsubmits].flatMap((jobs) => Object.values(jobs).flat()), ...periodics].map(
    ({ name, spec }) => ({ name, labels: {}, spec: PodSpec.parse(named(spec)) }),
  );
}

/** Prow names the container of a job `test`. */
function named(spec: unknown): unknown {
  const { containers, ...rest } = z.looseObject({ containers: z.array(z.looseObject({})) }).parse(spec);
  return { ...rest, containers: containers.map((container) => ({ name: 'test', ...container })) };
}

const Text = z.union([z.string(), z.array(z.string())]);
const TektonTask = z.looseObject({
  spec: z.looseObject({
    params: z.array(z.looseObject({ name: z.string(), default: Text })),
    workspaces: z.array(z.looseObject({ name: z.string(), mountPath: z.string().optional() })),
    results: z.array(z.looseObject({ name: z.string() })),
    stepTemplate: z.looseObject({ env: z.array(EnvVar) }),
    steps: z.array(z.looseObject({ env: z.array(EnvVar), computeResources: z.unknown() })),
    volumes: z.array(z.unknown()),
  }),
});

/** A run of the Task: its parameters, and the workspaces that it gets, by the folder on this machine. */
export type TaskRun = {
  readonly params?: Readonly<Record<string, string | readonly string[]>>;
  readonly workspaces?: Readonly<Record<string, string>>;
  /** The folder for the results. */
  readonly results?: string;
};

/** The pod that Tekton makes of the Task, as far as tests read it. Replaces $(…) as Tekton does. */
export function taskPod({ params = {}, workspaces = {}, results = '/tekton/results' }: TaskRun, root = DEPLOY): Pod {
  const [file] = loadAll(readDeploy('tekton/task.yaml', root));
  const { spec } = TektonTask.parse(file);
  const single: Record<string, string> = {};
  const lists: Record<string, readonly string[]> = {};
  for (const { name, default: usual } of spec.params) {
    const value = params[name] ?? usual;
    if (typeof value === 'string') single[`params.${name}`] = value;
    else lists[`params.${name}[*]`] = value;
  }
  for (const { name, mountPath = `/workspace/${name}` } of spec.workspaces) {
    single[`workspaces.${name}.path`] = mountPath;
    single[`workspaces.${name}.bound`] = String(name in workspaces);
  }
  for (const { name } of spec.results) single[`results.${name}.path`] = join(results, name);
  const { stepTemplate, steps, volumes } = spec;
  const containers = steps.map(({ computeResources, ...step }) => ({
    ...stepTemplate,
    ...step,
    env: [...stepTemplate.env, ...step.env],
    resources: computeResources,
  }));
  return { name: 'kpromo', labels: {}, spec: PodSpec.parse(substituted({ containers, volumes }, single, lists)) };
}

function substituted(
  value: unknown,
  single: Readonly<Record<string, string>>,
  lists: Readonly<Record<string, readonly string[]>>,
): unknown {
  const inText = (text: string): string =>
    text.replaceAll(/\$\(([^()]+)\)/g, (whole, name: string) => {
      const known = single[name];
      if (known === undefined) throw new Error(`tekton/task.yaml: nothing is named ${whole}`);
      return known;
    });
  if (typeof value === 'string') return inText(value);
  if (Array.isArray(value)) {
    const all: readonly unknown[] = value;
    return all.flatMap((one): readonly unknown[] => {
      const list = typeof one === 'string' ? lists[one.slice(2, -1)] : undefined;
      return list ?? [substituted(one, single, lists)];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, substituted(one, single, lists)]));
}

/** A copy of a text with each `$(NAME)` replaced by its variable, as Kubernetes does in commands and variables. */
export function expanded(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\(([\w-]+)\)/g, (whole, name: string) => env[name] ?? whole);
}
