import { buildImage, storeImage } from '../../support/registry/images.ts';
import type { RegistryOptions } from '../../support/registry/options.ts';
import { startRegistries, type TestRegistry } from '../../support/registry/server.ts';
import type { ProjectSpec } from '../../support/promotion/tree.ts';

/** A staging registry with images, and mirrors without. */
export type World = AsyncDisposable & {
  readonly staging: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  readonly all: readonly TestRegistry[];
  /** A project that promotes these images from staging to every mirror; each has one tag. */
  project(name: string, images: Readonly<Record<string, string>>): ProjectSpec;
  /** The tags of a repository on each mirror. */
  tagsOn(path: string): readonly Readonly<Record<string, string>>[];
  /** `METHOD kind` of each request since the last call that was none of GET and HEAD. */
  takeWrites(): readonly string[];
};

/** The digest of an image that no registry has. */
export const LOST_DIGEST = `sha256:${'0'.repeat(64)}`;

/** Starts a staging registry that holds the image `app` in four versions, tagless, and two empty mirrors. */
export async function startWorld(options: RegistryOptions = {}): Promise<World> {
  const [staging, ...mirrors] = await startRegistries(3, options);
  if (staging === undefined) throw new Error('no registry was started');
  const all = [staging, ...mirrors];
  for (const version of VERSIONS) storeImage(staging.store, 'staging/app', imageOf(version));
  return {
    staging,
    mirrors,
    all,
    project: (name, images) => ({
      name,
      from: `${staging.host}/staging`,
      to: mirrors.map(({ host }) => `${host}/prod`),
      entries: Object.entries(images).map(([tag, digest]) => ['app', digest, tag]),
    }),
    tagsOn: (path) => mirrors.map((mirror) => mirror.snapshot()[path]?.tags ?? {}),
    takeWrites: () => {
      const log = all.flatMap(({ counters }) => counters.log.map(({ method, kind }) => `${method} ${kind}`));
      for (const { counters } of all) counters.reset();
      return log.filter((request) => !/^(?:GET|HEAD) /.test(request));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((registry) => registry.close()));
    },
  };
}

/** The image of a version from 1 to 4. */
export function imageOf(version: number): ReturnType<typeof buildImage> {
  return buildImage({ seed: 4000 + version });
}

/** Its digest. */
export function digestOf(version: number): string {
  return imageOf(version).manifest.descriptor.digest;
}

const VERSIONS = [1, 2, 3, 4];
