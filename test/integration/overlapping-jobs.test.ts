import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import { ensureBuilt, startCli } from '../support/built-cli.ts';
import { orSkip } from '../support/programs.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistributions, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { startRedis } from '../support/redis-server.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';
import { startSigstore } from '../support/sigstore/local.ts';

const IMAGES = ['a', 'b', 'c'].map((name, seed) => [name, buildImage({ seed: 900 + seed })] as const);

const REGISTRIES: readonly (readonly [name: string, start: () => Promise<readonly RealRegistry[]>])[] = [
  ['distribution 2.8', () => startDistributions(3)],
  ['a registry with the referrers API', () => Promise.all([1, 2, 3].map(() => startReferrersRegistry()))],
];

describe.for(REGISTRIES)('two jobs that promote, sign and replicate the same images on %s', ([, start]) => {
  beforeAll(ensureBuilt);

  it.for([true, false])(
    'leave one signature and one record of each image, listed everywhere (Redis: %s)',
    async (isShared, test) => {
      const registries = await orSkip(test, start);
      onTestFinished(async () => void (await Promise.all(registries.map((registry) => registry.stop()))));
      const redis = isShared ? await orSkip(test, () => startRedis()) : undefined;
      const sigstore = await startSigstore();
      onTestFinished(async () => {
        await redis?.stop();
        await sigstore.stop();
      });
      const [staging = '', ...mirrors] = registries.map(({ address }) => address);
      // a registry from the environment may outlive this test
      const root = randomUUID();
      for (const [name, image] of IMAGES) await pushImage(`http://${staging}`, `${root}/staging/${name}`, image);
      const entries = IMAGES.map(([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const);
      const to = mirrors.map((mirror) => `${mirror}/${root}/prod`);
      await using tree = await writeTree([{ name: 'app', from: `${staging}/${root}/staging`, to, entries }]);
      await writeFile(join(tree.path, 'registries.yaml'), KNOWN_TO_BE_FAST_YAML);
      const job = (): ReturnType<typeof startCli> =>
        startCli(
          [
            'cip',
            '--manifests',
            tree.path,
            '--confirm',
            '--replicate-signatures',
            '--repair-since=all',
            '--registry-config',
            join(tree.path, 'registries.yaml'),
            `--trusted-root=${sigstore.trustedRootFile}`,
            `--signing-config=${sigstore.signingConfigFile}`,
            ...(redis === undefined ? [] : ['--limiter', redis.url]),
          ],
          { cwd: tree.path, env: { SIGSTORE_ID_TOKEN: sigstore.token() } },
        );
      const first = job();
      // Without a lock, two jobs that write within the same few milliseconds could still both sign.
      if (!isShared) await first.printed('Signing image');
      const second = job();
      for (const { code, stderr } of await Promise.all([first.ended, second.ended])) expect(code, stderr).toBe(0);

      const opened = openRegistries({ env: {}, clock: realClock(), narrate: () => undefined, random: () => 1 });
      onTestFinished(opened.close);
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
    },
  );
});
