import type { Cli, Measured } from './measure.ts';

/** Numbers by name, such as `requests` or `peakMiB`. */
export type Figures = Readonly<Record<string, number>>;

/** The most or the least that a figure may be: a promise of the project, with its reason beside it. */
export type Limit = { readonly most: number } | { readonly least: number };

/** Limits by the name of the figure. */
export type Limits = Readonly<Record<string, Limit>>;

/** The result of one run. */
export type Outcome = {
  /**
   * What another machine reproduces, and what `results.json` holds: `requests`, `peakMiB`, and ratios of two measurements
   * of the same run. Never a time.
   */
  readonly figures: Figures;
  /** What holds for this machine alone, such as seconds. Printed, never compared. */
  readonly local?: Figures;
  /** Each reason why the run itself failed, such as its exit code. */
  readonly problems: readonly string[];
};

/** One job that is measured. */
export type Scenario = {
  readonly limits?: Limits;
  run(cli: Cli): Promise<Outcome>;
};

/** Returns the outcome of one measured process: its requests and memory, and on this machine its seconds. */
export function outcomeOf(
  measured: Measured & { readonly requests?: number; readonly unexpected?: readonly string[] },
): {
  readonly figures: Figures;
  readonly local: Figures;
  readonly problems: readonly string[];
} {
  const { exit, wallSeconds, cpuSeconds, peakMiB, requests, unexpected = [], lastWords = '' } = measured;
  return {
    figures: defined({ requests, peakMiB }),
    local: defined({ wallSeconds, cpuSeconds }),
    problems: [
      ...(exit === 0 ? [] : [`exit ${exit}: ${lastWords}`]),
      ...unexpected.map((request) => `unexpected request: ${request}`),
    ],
  };
}

function defined(figures: Readonly<Record<string, number | undefined>>): Figures {
  return Object.fromEntries(Object.entries(figures).filter((pair): pair is [string, number] => pair[1] !== undefined));
}
