import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ensureBuilt } from '../support/built-cli.ts';
import { edited } from '../support/deploy/edited.ts';
import { applied, documentsOf, judged, podOf, PodSpec, taskPod, type Pod } from '../support/deploy/files.ts';
import { runPod, startPod } from '../support/deploy/kubelet.ts';
import { deployWorld, type DeployWorld } from '../support/deploy/world.ts';
import { homeWith } from '../support/home.ts';
import { freePort } from '../support/processes.ts';
import { orSkip, requireProgram } from '../support/programs.ts';

/** The pod of a resource of Kubernetes. */
function podNamed(text: string, name: string): Pod {
  const pods = documentsOf(text).flatMap((document) => podOf(document) ?? []);
  return pods.find((pod) => pod.name === name) ?? expect.unreachable(`no ${name}`);
}

/** Receives what sidecars push; the last body by path. */
async function startReceiver(): Promise<{ readonly address: string; readonly pushed: Map<string, string> }> {
  const pushed = new Map<string, string>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      pushed.set(`${request.method} ${request.url}`, Buffer.concat(parts).toString('utf8'));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, pushed };
}

/** Starts the Redis server of the files, on another port. */
async function startRedis({ cluster }: DeployWorld): Promise<DeployWorld['cluster']> {
  requireProgram('redis-server');
  const port = await freePort();
  const secrets = { 'kpromo-redis': { password: 'swordfish' } };
  const instead = { 'kpromo-redis:6379': `127.0.0.1:${port}`, 'port 6379': `port ${port}` };
  const whole = { ...cluster, secrets, instead };
  const redis = await startPod(podNamed(applied(), 'kpromo-redis'), whole);
  await redis.prints('Ready to accept');
  return whole;
}

beforeAll(ensureBuilt);

describe('deploy/kubernetes', () => {
  it('promotes, signs and checks with the CronJobs as they are applied', async (test) => {
    const world = await deployWorld(test, 2);
    const cluster = await orSkip(test, () => startRedis(world));
    await orSkip(test, () => requireProgram('curl'));
    const { address, pushed } = await startReceiver();
    const whole = { ...cluster, instead: { ...cluster.instead, 'kpromo-pushgateway:9091': address } };
    await world.repository.commit(world.tree(2));
    const promoted = await runPod(podNamed(applied(), 'kpromo-promote'), whole);
    expect(promoted, promoted.output).toMatchObject({ code: 0 });
    for (const host of world.mirrors)
      expect([await world.tags(host), await world.signatures(host)]).toEqual([['v1', 'v2'], 2]);
    expect(promoted.output).not.toMatch(/"level":"(warning|error)"/);
    expect([...pushed.keys()]).toEqual(['PUT /metrics/job/kpromo-promote']);
    const metrics = pushed.get('PUT /metrics/job/kpromo-promote') ?? '';
    expect(metrics).toContain('\nkpromo_exit_code 0\n');
    expect(metrics).toContain('kpromo_images_total{state="promoted"} 2\n');
    const checked = await runPod(podNamed(applied(), 'kpromo-sigcheck'), whole);
    expect(checked, checked.output).toMatchObject({ code: 0 });
    expect(pushed.has('PUT /metrics/job/kpromo-sigcheck')).toBe(true);
  });

  it('reports the reason if the clone fails or a secret is missing', async (test) => {
    const world = await deployWorld(test, 1);
    const pod = podNamed(await orSkip(test, () => applied()), 'kpromo-promote');
    await expect(runPod(pod, { ...world.cluster, secrets: {} })).rejects.toThrow(/did not find|Remote branch main/);
    await world.repository.commit(world.tree(1));
    await expect(runPod(pod, { ...world.cluster, secrets: {} })).rejects.toThrow('no value for');
  });

  it('promotes with the shards of the Indexed Job, and merges their reports', async (test) => {
    const world = await deployWorld(test, 2);
    const cluster = await orSkip(test, () => startRedis(world));
    const commit = await world.repository.commit(world.tree(2));
    // the changes that the file asks for
    const text = edited('kubernetes/indexed-job.yaml', [
      ['0'.repeat(40), commit],
      ["value: '8'", "value: '2'"],
      ['{0..7}', '{0..1}'],
      ['registry.acme.example/', `${world.staging}/`],
    ]);
    for (const index of ['0', '1']) {
      const env = { JOB_COMPLETION_INDEX: index };
      const shard = await runPod(podNamed(text, 'kpromo-run-1'), cluster, { env });
      expect(shard, shard.output).toMatchObject({ code: 0 });
    }
    for (const host of world.mirrors) expect(await world.tags(host)).toEqual(['v1', 'v2']);
    const merged = await runPod(podNamed(text, 'kpromo-run-1-merge'), cluster);
    expect(merged, merged.output).toMatchObject({ code: 0 });
    expect(merged.output).toContain('2 images');
  });
});

const Decorated = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    containers: z.array(
      z.looseObject({ name: z.string(), env: z.array(z.object({ name: z.string(), value: z.string().default('') })) }),
    ),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
});

const Entrypoint = z.object({ args: z.array(z.string()), artifact_dir: z.string() });

/** What Prow's entrypoint does before it starts the command: pkg/entrypoint/run.go. */
const START = 'mkdir -p "$0" && exec "$@"';

/** The pods that Prow makes of the jobs, with the entrypoint replaced by the command that it would start. */
function prowPodsOf(file: string, base: string, head: string): Readonly<Record<string, Pod>> {
  const lines = judged('prow-judge', [file, base, head]).trim().split('\n');
  const pods = lines.map((line): [string, Pod] => {
    const { metadata, spec } = Decorated.parse(JSON.parse(line));
    const test = spec.containers.find(({ name }) => name === 'test');
    const options = test?.env.find(({ name }) => name === 'ENTRYPOINT_OPTIONS')?.value ?? '{}';
    const { args, artifact_dir: artifacts } = Entrypoint.parse(JSON.parse(options));
    const volumes = spec.volumes.filter(({ name }) => name !== 'gcs-credentials');
    const own = {
      ...spec,
      volumes,
      initContainers: [],
      containers: [{ ...test, command: ['sh', '-c', START], args: [artifacts, ...args] }],
    };
    return [metadata.labels['prow.k8s.io/job'] ?? '', { name: 'prow', labels: {}, spec: PodSpec.parse(own) }];
  });
  return Object.fromEntries(pods);
}

describe('deploy/prow', () => {
  it('shows in a pull request what the job after the merge then promotes', async (test) => {
    const world = await deployWorld(test, 2);
    const base = await world.repository.commit(world.tree(1));
    const head = await world.repository.commit(world.tree(2));
    const home = await homeWith({
      'jobs.yaml': edited('prow/jobs.yaml', [
        ['gcr.io/staging-*', world.settings['SOURCES'] ?? ''],
        ['registry.acme.example/**', world.settings['MIRRORS'] ?? ''],
      ]),
    });
    const pods = await orSkip(test, () => prowPodsOf(join(home, 'jobs.yaml'), base, head));
    const given = { mounts: { '/home/prow/go/src/github.com/acme/images': world.repository.path } };
    const run = async (name: string): Promise<{ readonly output: string; readonly artifacts: string }> => {
      const { code, output, volumes } = await runPod(pods[name] ?? expect.unreachable(name), world.cluster, given);
      expect(code, output).toBe(0);
      return { output, artifacts: join(volumes['logs'] ?? '', 'artifacts') };
    };
    const pull = await run('pull-images-promotion');
    expect(pull.output).toContain('v2');
    expect(await world.tags(world.mirrors[0])).toEqual([]);
    expect(readFileSync(join(pull.artifacts, 'junit.xml'), 'utf8')).toContain('<testsuite');
    const post = await run('post-images-promotion');
    expect(existsSync(join(post.artifacts, 'report.html'))).toBe(true);
    // only what the merge has changed
    for (const host of world.mirrors) expect(await world.tags(host)).toEqual(['v2']);
    await run('periodic-images-promotion');
    for (const host of world.mirrors) expect(await world.tags(host)).toEqual(['v1', 'v2']);
    await run('periodic-images-replication');
    expect(await world.signatures(world.mirrors[1])).toBe(2);
  });
});

describe('deploy/tekton', () => {
  it('shows what would be promoted, promotes, and has the exit code as result', async (test) => {
    const world = await deployWorld(test, 1);
    await world.repository.commit(world.tree(1));
    const home = await homeWith({ token: world.cluster.token?.('kpromo') });
    const folders = await homeWith({ 'reports/none': '', 'results/none': '' });
    const run = async (args: readonly string[]): Promise<{ code: number; output: string; result: string }> => {
      const workspaces = { source: world.repository.path, reports: join(folders, 'reports') };
      const pod = taskPod({ params: { args }, workspaces, results: join(folders, 'results') });
      const mounts = { '/workspace/source': workspaces.source, '/var/run/kpromo/reports': workspaces.reports };
      const { code, output } = await runPod(pod, world.cluster, { mounts });
      return { code, output, result: readFileSync(join(folders, 'results', 'exit-code'), 'utf8') };
    };
    const shown = await run(['--require-identity=false']);
    expect(shown, shown.output).toMatchObject({ code: 2, result: '2' });
    const promoted = await run(['--confirm', `--identity-token=${home}/token`]);
    expect(promoted, promoted.output).toMatchObject({ code: 0, result: '0' });
    expect(await world.tags(world.mirrors[0])).toEqual(['v1']);
    expect(existsSync(join(folders, 'reports', 'report.html'))).toBe(true);
  });
});
