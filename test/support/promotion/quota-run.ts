import { buildImage, storeImage } from '../registry/images.ts';
import type { FaultHook } from '../registry/faults.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { startRegistries, type TestRegistry } from '../registry/server.ts';
import { cip, type CipRun } from './cip.ts';
import { writeTree } from './tree.ts';
import { patientClock } from '../patient-clock.ts';

/** A promotion of many small images from staging to mirrors, on one fast clock for all. */
type QuotaWorld = AsyncDisposable & {
  readonly staging: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  /** Promotes; `ms` is the time on the fast clock. */
  run(...flags: readonly string[]): Promise<CipRun & { readonly ms: number }>;
};

type QuotaSpec = RegistryOptions & {
  readonly mirrors: number;
  readonly images: number;
  /** The size of each image's one layer in bytes; 100 unless given. */
  readonly layer?: number;
  readonly speed: number;
};

/** Starts empty mirrors and a staging registry with the images; each has one tag. */
export async function openQuota({
  mirrors: count,
  images,
  layer = 100,
  speed,
  ...options
}: QuotaSpec): Promise<QuotaWorld> {
  const clock = patientClock(speed);
  const [staging, ...mirrors] = await startRegistries(count + 1, { ...options, clock });
  if (staging === undefined) throw new Error('no registry was started');
  const entries = Array.from({ length: images }, (_, index) => {
    const { digest } = storeImage(staging.store, 'staging/app', buildImage({ seed: 100 + index, layers: [layer] }));
    return ['app', digest, `v${index}`] as const;
  });
  const to = mirrors.map(({ host }) => `${host}/prod`);
  const tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to, entries }]);
  return {
    staging,
    mirrors,
    run: async (...flags) => {
      const start = clock.now();
      const done = await cip(['--thin-manifest-dir', tree.path, '--confirm', '--sign=false', ...flags], { speed });
      return { ...done, ms: clock.now() - start };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([staging, ...mirrors].map((registry) => registry.close()));
      await tree[Symbol.asyncDispose]();
    },
  };
}

/** How many requests a registry answered with anything but a refusal for their number. */
export function accepted({ counters }: TestRegistry): number {
  const { requests, statuses } = counters.counts();
  return requests - (statuses['429'] ?? 0);
}

/** Notes when each request came; milliseconds on the clock. */
export function timed(registry: TestRegistry, now: () => number, inner?: FaultHook): readonly number[] {
  const times: number[] = [];
  registry.inject((request) => {
    times.push(now());
    return inner?.(request);
  });
  return times;
}
