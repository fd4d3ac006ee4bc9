import { START, type RateReading } from '../ratelimit/adaptive-limiter.ts';
import { keepRates, restoreRates, type RestoredRates } from '../ratelimit/kept-rates.ts';
import type { KeptFiles } from './kept-files.ts';

type RatesOptions = {
  /** Returns the place of the file for one access. */
  readonly files: () => KeptFiles;
  /** The name of the file. */
  readonly name: string;
  /** Identifies the configured limits; a file of others is not used. */
  readonly configuration: string;
  readonly now: () => number;
  /** Logs why the file is not used or not written. */
  readonly log: (message: string) => void;
};

/** The rates of registries in a file. */
type KeptRates = {
  readonly rates: RestoredRates['rates'];
  /** Stores what a run learned, if anything. Never throws. */
  readonly keep: (readings: readonly RateReading[]) => Promise<void>;
};

/** Reads the rates that earlier runs learned. A file that cannot be used counts as empty. */
export async function openRates({ files, name, configuration, now, log }: RatesOptions): Promise<KeptRates> {
  const place = (): string => `the learned rates ${files().placeOf(name)}`;
  const rates = await load().catch((error: unknown) => {
    log(`${place()} are not used: ${reasonOf(error)}`);
    return new Map();
  });
  return {
    rates,
    keep: async (readings) => {
      const learned = readings.filter(isLearned);
      if (learned.length === 0) return;
      try {
        await files().write(name, keepRates(learned, configuration, now(), rates));
      } catch (error) {
        log(`${place()} are not written: ${reasonOf(error)}`);
      }
    },
  };

  async function load(): Promise<RestoredRates['rates']> {
    const bytes = await files().read(name);
    if (bytes === undefined) return new Map();
    const restored = restoreRates(bytes, configuration, now());
    if (restored.ignored !== undefined) log(`${place()} are not used: ${restored.ignored}`);
    return restored.rates;
  }
}

/**
 * Returns true if the next run gains by it. A rate without a limit is that of an outage if it is below the first one, and
 * too high if there were refusals.
 */
function isLearned({ rate, limit, refused }: RateReading): boolean {
  return limit !== undefined || (rate > START && refused === 0);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
