import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ensureBuilt, startCli } from '../support/built-cli.ts';
import { edited } from '../support/deploy/edited.ts';
import { applied, DEPLOY, documentsOf, podOf, readDeploy } from '../support/deploy/files.ts';
import { runPod } from '../support/deploy/kubelet.ts';
import { alertsOf, queriesOf } from '../support/deploy/monitoring.ts';
import { deployWorld } from '../support/deploy/world.ts';
import { freePort, startProcess } from '../support/processes.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries } from '../support/registry/server.ts';

const FOLDER = join(DEPLOY, 'monitoring');

function promtool(args: readonly string[], cwd = FOLDER): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(requireProgram('promtool'), args, { cwd, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'kpromo-prometheus-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

describe('deploy/monitoring', () => {
  it('has rules and a configuration that promtool accepts', async (test) => {
    await orSkip(test, () => requireProgram('promtool'));
    expect(promtool(['check', 'rules', 'alerts.yaml']).output).toContain(`SUCCESS: ${alertsOf().length} rules`);
    expect(promtool(['check', 'config', 'prometheus.yml'])).toMatchObject({ status: 0 });
    const tested = promtool(['test', 'rules', 'alerts.test.yaml']);
    expect(tested, tested.output).toMatchObject({ status: 0 });
  });

  it.each([
    ['> time() - 90000', '> time() - 9000'],
    ['unless kpromo_exit_code == 75', ''],
    ['for: 1h', 'for: 2h'],
    ['SIGNING_SERVICE|', ''],
    ['"SHARD_MISSING|', '"'],
    ['> 0.05', '> 0.5'],
    ['> 14400', '> 144000'],
  ])('has rules whose tests fail with %s as "%s"', async (from, to) => {
    const files = { 'alerts.yaml': edited('monitoring/alerts.yaml', [[from, to]]) };
    const copy = folder({ ...files, 'alerts.test.yaml': readDeploy('monitoring/alerts.test.yaml') });
    const { status, output } = promtool(['test', 'rules', 'alerts.test.yaml'], copy);
    expect(status).toBe(1);
    expect(output).toContain('FAILED');
  });
});

const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
type Result = z.infer<typeof Answer>['data']['result'];

type Prometheus = { query(text: string): Promise<Result> };

/** Starts a Prometheus with the rules, which scrapes a Pushgateway and a run as often as it can. */
async function startPrometheus(test: Skippable, gateway: string, run: string): Promise<Prometheus> {
  const program = await orSkip(test, () => requireProgram('prometheus'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = edited('monitoring/prometheus.yml', [
    ['kpromo-pushgateway.kpromo.svc:9091', gateway],
    ['15s #', '1s #'],
  ]);
  const scrape = `  - { job_name: kpromo-run, scrape_interval: 1s, static_configs: [{ targets: ['${run}'] }] }\n`;
  const path = folder({
    'prometheus.yml': `global: { evaluation_interval: 1s }\n${config}${scrape}`,
    'alerts.yaml': readDeploy('monitoring/alerts.yaml'),
  });
  const server = startProcess(program, [
    `--config.file=${path}/prometheus.yml`,
    `--storage.tsdb.path=${path}/data`,
    `--web.listen-address=${address}`,
  ]);
  onTestFinished(server.stop);
  const query = async (text: string): Promise<Result> => {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(text)}`);
    return Answer.parse(await answer.json(), { error: () => text }).data.result;
  };
  await expect.poll(() => query('vector(1)').catch(() => undefined)).toBeDefined();
  return { query };
}

/** Without a file, whose default in Debian keeps the metrics of earlier runs of this test. */
const gatewayFlags = (address: string): readonly string[] => [`--web.listen-address=${address}`, '--persistence.file='];

type Waiting = { end(): Promise<{ readonly code: number | null; readonly metrics: string }> };

/** Starts a run with an image that staging has lost. Its mirror first rejects a request, and then is silent until `end`. */
async function waitingRun(listen: string): Promise<Waiting> {
  const [staging, mirror] = await startRegistries(2);
  if (staging === undefined || mirror === undefined) throw new Error('two were asked for');
  for (const registry of [staging, mirror]) onTestFinished(() => registry.close());
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  mirror.inject(async ({ nth }) => {
    if (nth === 1) return { status: 429, headers: { 'retry-after': '1' } };
    await released;
    return undefined;
  });
  const image = buildImage({ seed: 9 });
  storeImage(staging.store, 'staging/app', image);
  const entries = [
    ['app', image.manifest.descriptor.digest, 'v1'],
    ['lost', `sha256:${'a'.repeat(64)}`, 'v1'],
  ] as const;
  const tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries }]);
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const cwd = folder({});
  const flags = ['--confirm', '--sign=false', `--metrics-listen=${listen}`, '--metrics-file=kpromo.prom'];
  const running = startCli(['cip', '--manifests', tree.path, ...flags], { cwd });
  return {
    end: async () => {
      release();
      const { code } = await running.ended;
      return { code, metrics: readFileSync(join(cwd, 'kpromo.prom'), 'utf8') };
    },
  };
}

/** A query of the dashboard, with its variables as Grafana replaces them, and with steps that find a run of seconds. */
const concrete = (query: string): string =>
  query
    .replaceAll(/\$(?:job|registry)/g, '.*')
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('d:5m]', 'd:10s]');

/** Queries without a result of these runs: nothing was sent again, or is wrong with signatures or shards. */
const EMPTY = /kpromo_hedged|IDENTITY|SHARD_|14400|90000|0\.05/;

describe('a real Prometheus', () => {
  beforeAll(ensureBuilt);

  it('scrapes a run and the Pushgateway of finished runs, and answers every query', async (test) => {
    const gatewayProgram = await orSkip(test, () => requireProgram('prometheus-pushgateway'));
    const world = await deployWorld(test, 1);
    const [gateway, run] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    onTestFinished(startProcess(gatewayProgram, gatewayFlags(gateway)).stop);
    const { query } = await startPrometheus(test, gateway, run);
    await expect.poll(() => fetch(`http://${gateway}/-/ready`).catch(() => undefined)).toMatchObject({ status: 200 });

    const waiting = await waitingRun(run);
    await expect.poll(() => query('kpromo_exit_code{job="kpromo-run"} == -1')).toHaveLength(1);
    await expect.poll(() => query('kpromo_requests_total{job="kpromo-run", status="429"}')).toHaveLength(1);
    const { code, metrics } = await waiting.end();
    expect(code).toBe(1);
    // as the sidecar of a pod would
    const put = { method: 'PUT', body: metrics };
    expect((await fetch(`http://${gateway}/metrics/job/kpromo-run`, put)).status).toBe(200);

    // the CronJob, whose sidecar pushes
    await world.repository.commit(world.tree(1));
    const pods = documentsOf(applied()).flatMap((document) => podOf(document) ?? []);
    const pod = pods.find(({ name }) => name === 'kpromo-promote') ?? expect.unreachable();
    const instead = { 'kpromo-pushgateway:9091': gateway };
    const secrets = { 'kpromo-redis': { password: 'none' } };
    const promoted = await runPod(pod, { ...world.cluster, instead, secrets });
    expect(promoted, promoted.output).toMatchObject({ code: 0 });
    await expect.poll(() => query('kpromo_exit_code{job="kpromo-promote"} == 0')).toHaveLength(1);

    for (const text of queriesOf()) {
      const found = async (): Promise<number> => (await query(concrete(text))).length;
      if (EMPTY.test(text)) await found();
      // A query with steps of 10 s finds a run at its next step.
      else await expect.poll(found, { message: text }).toBeGreaterThan(0);
    }
    const [since] = await query('time() - max by (job) (kpromo_run_ended_timestamp_seconds{job="kpromo-promote"})');
    expect(Number(since?.value[1])).toBeLessThan(3600);
  });
});
