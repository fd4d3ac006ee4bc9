import { rendering } from '../../../src/watch/log-lines/render.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { realClock } from '../../../src/clock.ts';
import { openRegistries } from '../../../src/cli/wiring/registries.ts';
import { jitteredPause } from '../../../src/async/backoff.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { compilePattern } from '../../../src/image/pattern.ts';
import { joinRepository } from '../../../src/image/reference.ts';
import type { RunReport } from '../../../src/report/model/report.ts';
import { attacher } from '../../../src/registry/attaching/attacher.ts';
import type { Registry } from '../../../src/registry/roles.ts';
import { subjectLock } from '../../../src/registry/attaching/lock.ts';
import { attachmentOf } from '../../../src/mirroring/attachment.ts';
import { runReplication, type ReplicationRequest } from '../../../src/replication.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../registry/images.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { TEST_SPEED } from './cip.ts';
import { KNOWN_TO_BE_FAST, KNOWN_TO_BE_FAST_YAML } from './fast-registries.ts';
import { loadedTree, writeTree, type ProjectSpec, type WrittenTree } from './tree.ts';
import { patientClock } from '../patient-clock.ts';

export type ReplicationWorld = AsyncDisposable & {
  readonly primary: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  /** A single image, an index, and one of its platforms. */
  readonly images: { readonly app: BuiltImage; readonly tool: BuiltImage; readonly platform: BuiltImage };
  /** Attaches a manifest to an image of the primary, by its subject. */
  attach(repository: string, subject: BuiltImage, seed: number): Promise<Digest>;
  /** Puts an image under a tag of cosign of the primary, or of another registry. */
  sign(repository: string, subject: BuiltImage, signature: BuiltImage, form?: string, where?: TestRegistry): Digest;
  /** The manifests on the disk, and the registry configuration that says which is the primary. */
  writeTree(): Promise<WrittenTree & { readonly config: string }>;
  /** Which digests a registry lists as referrers. */
  listed(where: TestRegistry, repository: string, subject: BuiltImage): Promise<readonly Digest[]>;
  run(
    mode: ReplicationRequest['mode'],
    speed?: number,
  ): Promise<{ readonly report: RunReport; readonly log: readonly string[] }>;
};

/** A primary and mirrors that hold two images; each may be a registry of another kind. */
export async function openReplicationWorld(
  primaryOptions: RegistryOptions,
  ...mirrorOptions: readonly RegistryOptions[]
): Promise<ReplicationWorld> {
  const [primary, ...mirrors] = await Promise.all([primaryOptions, ...mirrorOptions].map((one) => startRegistry(one)));
  if (primary === undefined) throw new Error('there is a primary');
  const app = buildImage({ seed: 1 });
  const tool = buildMultiPlatform({ seed: 10 }, ['linux/amd64', 'linux/arm64']);
  const [platform] = tool.children;
  if (platform === undefined) throw new Error('an index has platforms');
  for (const { store } of [primary, ...mirrors]) {
    storeImage(store, 'prod/app', app, ['v1']);
    storeImage(store, 'prod/tool', tool, ['v2']);
  }
  const order = [primary, ...mirrors];
  const withRegistry = async <T>(speed: number, use: (registry: Registry, log: string[]) => Promise<T>): Promise<T> => {
    const clock = patientClock(speed);
    const log: string[] = [];
    const { registry, close } = openRegistries({
      env: { HOME: '/nonexistent' },
      clock,
      narrate: (event) => void (event.type === 'log' && log.push(`${event.level} ${event.message}`)),
      random: Math.random,
      config: KNOWN_TO_BE_FAST,
    });
    try {
      return await use(registry, log);
    } finally {
      await close();
    }
  };
  const project: ProjectSpec = {
    name: 'p',
    from: `${primary.host}/staging`,
    to: order.map(({ host }) => `${host}/prod`),
    entries: [
      ['app', app.manifest.descriptor.digest, 'v1'],
      ['tool', tool.manifest.descriptor.digest, 'v2'],
    ],
  };
  const call = { signal: new AbortController().signal };
  return {
    primary,
    mirrors,
    images: { app, tool, platform },
    attach: (repository, subject, seed) =>
      withRegistry(TEST_SPEED, async (registry) => {
        const attached = buildImage({ seed, artifactType: 'application/x.test', subject: subject.manifest.descriptor });
        for (const { descriptor, content } of attached.blobs)
          primary.store.putBlob(repository, descriptor.digest, content);
        const attachment = attachmentOf(attached.manifest);
        if (attachment === undefined) throw new Error('it has a subject');
        const lock = subjectLock(jitteredPause(realClock(), Math.random));
        await attacher(registry, lock).attach(joinRepository(primary.host, repository), attachment, call);
        return attached.manifest.descriptor.digest;
      }),
    sign: (repository, subject, signature, form = 'sig', where = primary) => {
      const tag = `${subject.manifest.descriptor.digest.replace(':', '-')}.${form}`;
      return storeImage(where.store, repository, signature, [tag]).digest;
    },
    writeTree: async () => {
      const tree = await writeTree([project]);
      const config = join(tree.path, 'registries.yaml');
      await writeFile(config, `${KNOWN_TO_BE_FAST_YAML}primary: "${primary.host}"\n`);
      return { ...tree, config };
    },
    listed: (where, repository, subject) =>
      withRegistry(TEST_SPEED, async (registry) => {
        const name = joinRepository(where.host, repository);
        const found = await registry.listReferrers(name, subject.manifest.descriptor.digest, call);
        return found.map(({ digest }) => digest).toSorted();
      }),
    run: (mode, speed = TEST_SPEED) =>
      withRegistry(speed, async (registry, log) => {
        const clock = patientClock(speed);
        const pause = jitteredPause(clock, Math.random);
        const load = async (): ReturnType<Parameters<typeof runReplication>[1]['load']> => loadedTree([project]);
        const report = await runReplication(
          { mode, copies: 50, version: 'test', primary: compilePattern(primary.host) },
          { load, registry, pause, lock: subjectLock(pause) },
          {
            clock,
            signal: call.signal,
            emit: rendering((event) => void (event.type === 'log' && log.push(`${event.level} ${event.message}`))),
          },
        );
        return { report, log };
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(order.map((server) => server.close()));
      const unexpected = order.flatMap((server) => server.unexpected);
      if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
    },
  };
}
