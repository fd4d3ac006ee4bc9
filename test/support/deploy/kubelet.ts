import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { KPROMO } from '../built-cli.ts';
import { expanded, type Container, type Pod } from './files.ts';

type Table = Readonly<Record<string, string>>;

/** What a cluster gives its pods. */
export type Cluster = {
  /** Variables that stand for what an image or the network has: where Sigstore is, how git behaves. */
  readonly env?: Table;
  readonly configMaps?: Readonly<Record<string, Table>>;
  readonly secrets?: Readonly<Record<string, Table>>;
  /** Issues the token of a service account. */
  readonly token?: (account: string) => string;
  /** Texts that are different on this machine, such as the address of a service. */
  readonly instead?: Table;
};

/** What is special about one pod: folders of this machine by mount path, and variables. */
export type Given = { readonly mounts?: Table; readonly env?: Table };

/** A container that runs as a process; `ended` resolves to its exit code. */
export type Running = {
  readonly ended: Promise<number>;
  printed(): string;
  /** Resolves when the container has printed the text, or has ended. */
  prints(text: string): Promise<void>;
  stop(): Promise<number>;
};

export type Finished = {
  readonly code: number;
  readonly output: string;
  /** The folder of each volume. */
  readonly volumes: Table;
};

/** Runs the containers of a pod as processes on this machine, as the kubelet does; the volumes are folders. */
export async function runPod(pod: Pod, cluster: Cluster, given: Given = {}): Promise<Finished> {
  const { volumes, start } = await preparePod(pod, cluster, given);
  const sidecars: Running[] = [];
  for (const container of pod.spec.initContainers) {
    const running = start(container);
    if (container.restartPolicy === 'Always') sidecars.push(running);
    else if ((await running.ended) !== 0) throw new Error(`init container ${container.name}: ${running.printed()}`);
  }
  const [main, ...others] = pod.spec.containers;
  if (main === undefined || others.length > 0) throw new Error(`${pod.name} has not exactly one container`);
  const running = start(main);
  const code = await running.ended;
  for (const sidecar of sidecars.toReversed()) await sidecar.stop();
  return { code, output: running.printed(), volumes };
}

/** Starts the only container of a pod that serves; it ends with the test. */
export async function startPod(pod: Pod, cluster: Cluster): Promise<Running> {
  const { start } = await preparePod(pod, cluster, {});
  const [running, ...others] = pod.spec.containers.map(start);
  if (running === undefined || others.length > 0) throw new Error(`${pod.name} has not exactly one container`);
  onTestFinished(() => void running.stop());
  return running;
}

type Prepared = { readonly volumes: Table; readonly start: (container: Container) => Running };

async function preparePod(pod: Pod, cluster: Cluster, given: Given): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-pod-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // the program of the image
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'kpromo'), `#!/bin/sh\nexec ${KPROMO} "$@"\n`);
  await chmod(join(folder, 'bin', 'kpromo'), 0o755);
  const volumes: Record<string, string> = {};
  for (const volume of pod.spec.volumes) {
    volumes[volume.name] = join(folder, 'volumes', volume.name);
    await mkdir(volumes[volume.name] ?? '', { recursive: true });
    const files = filesOf(volume, pod, cluster);
    for (const [name, text] of Object.entries(files)) await writeFile(join(volumes[volume.name] ?? '', name), text);
  }
  const start = (container: Container): Running => {
    const mounts = container.volumeMounts.map(({ name, mountPath }) => {
      const source = volumes[name];
      if (source === undefined) throw new Error(`${container.name} mounts the unknown volume ${name}`);
      return [mountPath, source] as const;
    });
    const here = localizer({ ...Object.fromEntries(mounts), ...given.mounts }, cluster.instead ?? {});
    const env = environmentOf(container, pod, cluster, given);
    const words = [...container.command, ...container.args].map((word) => here(expanded(word, env)));
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));
    const PATH = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
    return startContainer(
      words,
      { PATH, ...cluster.env, ...variables },
      container.workingDir === undefined ? folder : here(container.workingDir),
    );
  };
  return { volumes, start };
}

function filesOf(volume: Pod['spec']['volumes'][number], pod: Pod, { secrets = {}, token }: Cluster): Table {
  if (volume.emptyDir !== undefined) return {};
  if (volume.secret !== undefined) {
    const secret = secrets[volume.secret.secretName];
    if (secret === undefined && volume.secret.optional !== true) throw new Error(`no secret ${volume.name}`);
    return secret ?? {};
  }
  if (volume.projected === undefined || token === undefined) throw new Error(`volume ${volume.name} of unknown kind`);
  const account = pod.spec.serviceAccountName ?? 'default';
  return Object.fromEntries(
    volume.projected.sources.map(({ serviceAccountToken: { path } }) => [path, token(account)]),
  );
}

/** Throws where the kubelet reports CreateContainerConfigError. */
function environmentOf(
  container: Container,
  pod: Pod,
  { configMaps = {}, secrets = {} }: Cluster,
  given: Given,
): Table {
  const env: Record<string, string> = { ...given.env };
  for (const { configMapRef } of container.envFrom) {
    const map = configMaps[configMapRef.name];
    if (map === undefined) throw new Error(`no ConfigMap ${configMapRef.name}`);
    Object.assign(env, map);
  }
  for (const { name, value = '', valueFrom } of container.env) {
    const { secretKeyRef, fieldRef } = valueFrom ?? {};
    const label = /^metadata\.labels\['(.+)'\]$/.exec(fieldRef?.fieldPath ?? '')?.[1];
    if (valueFrom === undefined) env[name] = expanded(value, env);
    else if (secretKeyRef !== undefined) env[name] = known(secrets[secretKeyRef.name]?.[secretKeyRef.key], name);
    else env[name] = known(pod.labels[label ?? ''], name);
  }
  return env;
}

function known(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`no value for ${name}`);
  return value;
}

/** Returns a function that replaces mount paths and names of the cluster in a text. */
function localizer(mounts: Table, instead: Table): (text: string) => string {
  const paths = Object.keys(mounts).toSorted((a, b) => b.length - a.length);
  const mounted = new RegExp(
    `(?<![\\w/.-])(?:${paths.map((path) => path.replaceAll('.', '\\.')).join('|')})(?![\\w.-])`,
    'g',
  );
  return (text) => {
    // in one pass: the folders may be below a path that is mounted
    let local = paths.length === 0 ? text : text.replaceAll(mounted, (path) => mounts[path] ?? path);
    for (const [name, other] of Object.entries(instead)) local = local.replaceAll(name, () => other);
    return local;
  };
}

function startContainer([program = '', ...args]: readonly string[], env: Table, cwd: string): Running {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // not `close`: a child of the container may keep its output open
    child.once('exit', (code) => resolve(code ?? -1));
  });
  return {
    ended,
    printed: () => output,
    prints: (text) =>
      Promise.race([
        ended.then(() => undefined),
        new Promise<void>((resolve) => {
          const listen = (): void => {
            if (output.includes(text)) resolve();
          };
          listeners.add(listen);
          listen();
        }),
      ]),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
