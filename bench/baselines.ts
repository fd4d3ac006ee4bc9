/** What another program needed for the same job. */
export type Baseline = {
  readonly program: string;
  readonly exit: number;
  readonly wallSeconds: number;
  readonly requests?: number;
  readonly peakMiB: number;
  readonly cpuSeconds?: number;
  readonly note?: string;
};

/** Where the figures below come from; ratios of requests and memory carry over to this machine, times only roughly. */
export const BASELINE_SOURCE =
  'measured on another machine (2026-11-23, 2 cores): simulated registries in another process, HTTP/1.1 on loopback, ' +
  '20 ms added to every answer, Google tags-list extension, no authorization; upstream is promo-tools 63ddc9f7 (after v4.5.1) ' +
  'with --sign=false and without its fetch of trust roots';

/** Baselines by the name of our scenario. */
export const BASELINES: Readonly<Record<string, readonly Baseline[]>> = {
  's-promote': [
    { program: 'upstream', exit: 0, wallSeconds: 20.4, requests: 1_186, peakMiB: 85 },
    { program: 'regsync', exit: 0, wallSeconds: 6.9, requests: 1_742, peakMiB: 31 },
  ],
  's-noop': [
    { program: 'upstream', exit: 0, wallSeconds: 0.4, requests: 240, peakMiB: 82 },
    { program: 'regsync', exit: 0, wallSeconds: 4.2, requests: 1_122, peakMiB: 31 },
  ],
  'm-promote': [{ program: 'upstream', exit: 0, wallSeconds: 110, requests: 9_951, peakMiB: 126 }],
  'm-noop': [{ program: 'upstream', exit: 0, wallSeconds: 6.5, requests: 5_280, peakMiB: 117 }],
  'full-dry': [{ program: 'upstream', exit: 0, wallSeconds: 370, requests: 73_675, peakMiB: 1_607 }],
  'replicate-noop': [{ program: 'upstream v4.4.1', exit: 0, wallSeconds: 95, requests: 5_040, peakMiB: 115 }],
  'replicate-sig': [{ program: 'upstream v4.4.1', exit: 0, wallSeconds: 172, requests: 8_660, peakMiB: 116 }],
  'replicate-bundles': [
    {
      program: 'upstream v4.4.1',
      exit: 0,
      wallSeconds: 172,
      requests: 8_660,
      peakMiB: 116,
      note: 'measured with .sig tags: it copies no referrers',
    },
  ],
  large: [
    { program: 'crane', exit: 0, wallSeconds: 3.4, peakMiB: 15, cpuSeconds: 1.4 },
    { program: 'regctl', exit: 0, wallSeconds: 3.2, peakMiB: 19, cpuSeconds: 1.4 },
    { program: 'oras', exit: 0, wallSeconds: 3.1, peakMiB: 15, cpuSeconds: 0.7 },
  ],
  'large-3': [
    {
      program: 'crane',
      exit: 0,
      wallSeconds: 14,
      peakMiB: 15,
      note: 'one mirror after the other, three reads of the source',
    },
  ],
};
