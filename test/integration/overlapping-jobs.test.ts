import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import { onceForFile } from '../support/once.ts';
import { orSkip } from '../support/programs.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { until } from '../support/promotion/stopping.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistributions, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { startRedis } from '../support/redis-server.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';
import { startSigstore, type LocalSigstore } from '../support/sigstore/local.ts';

const IMAGES = ['a', 'b'].map((name, seed) => [name, buildImage({ seed: 900 + seed })] as const);

type Kind = readonly [name: string, start: () => Promise<readonly RealRegistry[]>, withRedis: readonly boolean[]];

/** With a lease, the second job sees what the first has left, whichever way the registry lists it. */
const REGISTRIES: readonly Kind[] = [
  ['distribution 2.8', () => startDistributions(3), [true, false]],
  ['a registry with the referrers API', () => Promise.all([1, 2, 3].map(() => startReferrersRegistry())), [false]],
];

const sigstoreOfFile = onceForFile(async (ends) => {
  const sigstore = await startSigstore();
  ends(sigstore.stop);
  return sigstore;
});

/**
 * Without a lock, two jobs that write within the same few milliseconds can both sign. Here the first job has read what is
 * attached and asked for its certificate, and gets it only when the second has ended.
 */
async function oneWithinTheOther(sigstore: LocalSigstore, job: () => Promise<CipRun>): Promise<readonly CipRun[]> {
  const ended = Promise.withResolvers<void>();
  const before = sigstore.counts().fulcio;
  const withdraw = sigstore.inject('fulcio', { kind: 'slow', until: ended.promise });
  const first = job();
  await until(() => sigstore.counts().fulcio > before);
  withdraw();
  const second = await job();
  ended.resolve();
  return [await first, second];
}

/** The program keeps nothing in its modules: two runs in this process know as little of each other as two processes. */
describe.for(REGISTRIES)('two jobs that promote, sign and replicate the same images on %s', ([, start, withRedis]) => {
  const registriesOfFile = onceForFile(async (ends) => {
    const registries = await start();
    ends(async () => void (await Promise.all(registries.map((registry) => registry.stop()))));
    return registries;
  });

  it.for(withRedis)(
    'leave one signature and one record of each image, listed everywhere (Redis: %s)',
    async (isShared, test) => {
      const [staging = '', ...mirrors] = (await orSkip(test, registriesOfFile)).map(({ address }) => address);
      await using redis = isShared ? await orSkip(test, () => startRedis()) : undefined;
      const sigstore = await sigstoreOfFile();
      // a registry from the environment may outlive this test
      const root = randomUUID();
      for (const [name, image] of IMAGES) await pushImage(`http://${staging}`, `${root}/staging/${name}`, image);
      const entries = IMAGES.map(([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const);
      const to = mirrors.map((mirror) => `${mirror}/${root}/prod`);
      await using tree = await writeTree([{ name: 'app', from: `${staging}/${root}/staging`, to, entries }]);
      const config = join(tree.path, 'registries.yaml');
      await writeFile(config, KNOWN_TO_BE_FAST_YAML);
      const args = [
        'cip',
        `--manifests=${tree.path}`,
        '--confirm',
        '--replicate-signatures',
        '--repair-since=all',
        `--registry-config=${config}`,
        `--trusted-root=${sigstore.trustedRootFile}`,
        `--signing-config=${sigstore.signingConfigFile}`,
        ...(redis === undefined ? [] : ['--limiter', redis.url]),
      ];
      // Without Redis, a list of 250 ms on this clock is read again: the second run takes longer than a fortieth second.
      const speed = isShared ? 1 : 10;
      const job = (): Promise<CipRun> => kpromo(args, { env: { SIGSTORE_ID_TOKEN: sigstore.token() }, speed });
      const runs = await (isShared ? Promise.all([job(), job()]) : oneWithinTheOther(sigstore, job));
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);

      const opened = openRegistries({ env: {}, clock: realClock(), narrate: () => undefined, random: () => 1 });
      const call = { signal: new AbortController().signal };
      for (const place of to)
        for (const [name, { manifest }] of IMAGES) {
          const { digest } = manifest.descriptor;
          const listed = await opened.registry.listReferrers(`${place}/${name}`, digest, call);
          expect(listed, `${place}/${name}`).toHaveLength(2);
          const signatures = await opened.registry.readManifest(`${place}/${name}`, cosignTag(digest, 'sig'), call);
          const { layers } = JSON.parse(Buffer.from(signatures?.bytes ?? []).toString('utf8')) as { layers: unknown[] };
          expect(layers, `${place}/${name}`).toHaveLength(1);
        }
      await opened.close();
    },
  );
});
