import type { RegistryConfig } from '../../config/config.ts';
import { limitsDigest } from '../../config/reach.ts';
import { openKept } from '../../kept/open.ts';
import { openRates } from '../../kept/rates.ts';
import type { Shard } from '../../sharding/shard.ts';
import type { CommandServices } from '../command.ts';
import type { CacheOptions } from '../options/run.ts';
import type { Registries } from './registries.ts';

/**
 * A stopped run may take 5 s to end, of which it has used up to 3 s to delete its open uploads. A registry that responds
 * at all stores a small file within this time, in milliseconds.
 */
const LAST_WRITE = 1000;

/** The rates that runs learn of registries, in files beside the inventory cache. */
export type LearnedRates = {
  /** Resolves when the registries begin with the rates of earlier runs. Never rejects. */
  readonly restored: Promise<void>;
  /** Stores what this run learned, also after a stop. Never rejects. */
  keep(): Promise<void>;
};

/** Starts to read the rates of earlier runs. */
export function learnedRates(
  { place }: Pick<CacheOptions, 'place'>,
  shard: Shard | undefined,
  { config, registries }: { readonly config: RegistryConfig; readonly registries: Registries },
  { clock, env, narrate, signal }: Pick<CommandServices, 'clock' | 'env' | 'narrate' | 'signal'>,
): LearnedRates {
  const late = new AbortController();
  const opened = openRates({
    files: () => openKept(place, registries.registry, { signal: signal.aborted ? late.signal : signal }),
    name: keptName('rates', shard),
    configuration: limitsDigest(config, env),
    now: clock.now,
    log: (message) => narrate({ type: 'log', level: 'debug', message }),
  });
  return {
    restored: opened.then(({ rates }) => rates.forEach((one, group) => registries.restored.set(group, one))),
    keep: async () => {
      const { keep } = await opened;
      const cancel = signal.aborted ? clock.timer(LAST_WRITE, () => late.abort(signal.reason)) : undefined;
      await keep(registries.readings());
      cancel?.();
    },
  };
}

/** Returns the name of a kept file. Each shard has files of its own, so that none overwrites those of another. */
export function keptName(what: 'inventory' | 'rates', shard: Shard | undefined): string {
  return shard === undefined ? `${what}.json` : `${what}-${shard.index}-of-${shard.of}.json`;
}
