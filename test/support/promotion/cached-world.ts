import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jitteredPause } from '../../../src/async/backoff.ts';
import { openRegistries } from '../../../src/cli/wiring/registries.ts';
import { NO_CONFIG, type RegistryConfig } from '../../../src/config/config.ts';
import { reachOf } from '../../../src/config/reach.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { openInventory } from '../../../src/kept/inventory.ts';
import { openKept } from '../../../src/kept/open.ts';
import { runPromotion, type PromotionRequest, type PromotionServices } from '../../../src/promotion.ts';
import type { RunReport } from '../../../src/report/model/report.ts';
import { rendering } from '../../../src/watch/log-lines/render.ts';
import { patientClock } from '../patient-clock.ts';
import { storeImage } from '../registry/images.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { KNOWN_TO_BE_FAST } from './fast-registries.ts';
import { digestOfLabel, imageOf } from './plan-cases.ts';
import { loadedTree, type ProjectSpec } from './tree.ts';
import { TRUSTS_NOBODY } from './trust.ts';

const HOUR = 3_600_000;
/** Noon of a day. */
const START = Date.UTC(2026, 0, 1, 12);

/** One run: when it is, by true time, and how. */
export type CachedRun = {
  /** Hours since the start of the test. */
  readonly at: number;
  readonly mode?: PromotionRequest['mode'];
  /** Image names with the label of their one digest, tagged `v1`. Default: all of the world, each with its own. */
  readonly images?: Readonly<Record<string, string>>;
  /** Mirrors by number. Default: the first two. */
  readonly mirrors?: readonly number[];
  /** How many hours this machine's clock is ahead. */
  readonly ahead?: number;
  readonly verifyAll?: boolean;
  /** The name of the image whose repository the sample of each registry has. Default: the first. */
  readonly sampled?: string;
  readonly config?: RegistryConfig;
  readonly services?: Partial<PromotionServices>;
  readonly signal?: AbortSignal;
};

export type CachedReport = {
  readonly report: RunReport;
  /** Which repositories were listed, as `mirror:name`, sorted. */
  readonly listed: readonly string[];
  readonly log: readonly string[];
};

/** Staging and three mirrors, the last without digests in its lists, and the cache of runs on them. */
export type CachedWorld = {
  readonly names: readonly string[];
  readonly mirrors: readonly TestRegistry[];
  readonly file: string;
  run(run: CachedRun): Promise<CachedReport>;
  /** Removes the image of a mirror, or its tag. */
  lose(mirror: number, name: string): void;
  /** Points the tag to another image. */
  move(mirror: number, name: string): void;
  /** Registries show no time, or this machine's again. */
  hideTimes(): void;
  close(): Promise<void>;
};

/** Opens a world with `count` images, all of them in staging, and none on a mirror. */
export async function cachedWorld(count = 6): Promise<CachedWorld> {
  const names = Array.from({ length: count }, (_, index) => `app${index}`);
  let time: number | undefined = START;
  let showsTimes = true;
  const date = (): number | undefined => (showsTimes ? time : undefined);
  const [staging, ...mirrors] = await Promise.all(
    [true, true, true, false].map((google) => startRegistry({ google, date })),
  );
  if (staging === undefined) throw new Error('there is no staging');
  for (const name of names) storeImage(staging.store, `staging/${name}`, imageOf(name));
  for (const name of names) storeImage(staging.store, `staging/${name}`, imageOf('other'));
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-cache-'));
  const file = join(folder, 'inventory.json');
  const store = (mirror: number): TestRegistry['store'] => {
    const registry = mirrors[mirror];
    if (registry === undefined) throw new Error(`there is no mirror ${mirror}`);
    return registry.store;
  };
  const run: CachedWorld['run'] = async ({ at, ahead = 0, ...given }) => {
    time = START + at * HOUR;
    for (const { counters } of mirrors) counters.reset();
    const log: string[] = [];
    const report = await runAt(time + ahead * HOUR, { ...given, at }, { folder, names, staging, mirrors, log });
    const listed = mirrors.flatMap(({ counters }, index) =>
      counters.log
        .filter(({ kind }) => kind === 'list')
        .map(({ repository }) => `${index}:${repository.replace('prod/', '')}`),
    );
    return { report, log, listed: listed.toSorted() };
  };
  return {
    names,
    mirrors,
    file,
    run,
    lose: (mirror, name) => {
      store(mirror).remove(`prod/${name}`, 'manifest', digestOfLabel(name));
    },
    move: (mirror, name) => storeImage(store(mirror), `prod/${name}`, imageOf('other'), ['v1']),
    hideTimes: () => void (showsTimes = false),
    close: async () => {
      await Promise.all([staging, ...mirrors].map((registry) => registry.close()));
      await rm(folder, { recursive: true });
    },
  };
}

type Stage = Pick<CachedWorld, 'names' | 'mirrors'> & {
  readonly folder: string;
  readonly staging: TestRegistry;
  readonly log: string[];
};

async function runAt(
  now: number,
  given: CachedRun,
  { folder, names, staging, mirrors, log }: Stage,
): Promise<RunReport> {
  const { mode = 'promote', config = NO_CONFIG, verifyAll = false, sampled = '', services } = given;
  const patient = patientClock(10);
  const begun = patient.now();
  const clock = { ...patient, now: () => now + patient.now() - begun };
  const signal = given.signal ?? new AbortController().signal;
  const env = { HOME: '/nonexistent' };
  const registries = { ...config, registries: [...config.registries, ...KNOWN_TO_BE_FAST.registries] };
  const opened = openRegistries({ env, clock, narrate: () => undefined, random: () => 0, config: registries });
  const { registry, times, close } = opened;
  try {
    const kept = await openInventory({
      files: openKept({ folder }, registry, { signal }),
      name: 'inventory.json',
      scope: reachOf(config, env),
      now: clock.now,
      isClockWrong: times.isWrong,
      warn: (message) => void log.push(`warning ${message}`),
    });
    // The lowest rank is in the sample; ranks are drawn once for each believed repository, in the order of the tree.
    let drawn = 0;
    const order = names.indexOf(sampled);
    const random = (): number => (drawn++ % names.length === order ? 0 : 0.5);
    const inventory = { ...kept, verifyAll, isClockWrong: times.isWrong, random };
    return await runPromotion(
      { mode, threads: 20, version: 'test' },
      {
        load: () => Promise.resolve(loadedTree([projectOf(given, { names, staging, mirrors })])),
        registry,
        pause: jitteredPause(clock, () => 0),
        trust: TRUSTS_NOBODY,
        inventory,
        ...services,
      },
      {
        clock,
        signal,
        emit: rendering((event) => void (event.type === 'log' && log.push(`${event.level} ${event.message}`))),
      },
    );
  } finally {
    await close();
  }
}

function projectOf(
  { images, mirrors: used = [0, 2] }: CachedRun,
  { names, staging, mirrors }: Pick<Stage, 'names' | 'staging' | 'mirrors'>,
): ProjectSpec {
  const labels = images ?? Object.fromEntries(names.map((name) => [name, name]));
  return {
    name: 'p',
    from: `${staging.host}/staging`,
    to: used.map((index) => `${mirrors[index]?.host ?? ''}/prod`),
    entries: Object.entries(labels).map(([name, label]) => [name, digestOfLabel(label) as Digest, 'v1']),
  };
}
