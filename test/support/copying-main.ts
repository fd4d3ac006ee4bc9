import { readFileSync } from 'node:fs';
import { realClock } from '../../src/clock.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { httpStack } from '../../src/http/stack.ts';
import { copier, type CopyJob } from '../../src/registry/copying/copier.ts';
import { distributionRegistry } from '../../src/registry/distribution/index.ts';
import { sourceReader } from '../../src/registry/source.ts';
import type { CopiedApart } from './copying-apart.ts';

// The child's side of copying-apart.ts: copies the job of its argument and prints what became of it.

const job = JSON.parse(process.argv[2] ?? '') as CopyJob;
const clock = realClock();
const stack = httpStack({ clock });
const pause = jitteredPause(clock, Math.random);
const registry = distributionRegistry({
  fetch: stack.fetch,
  clock,
  pause,
  baseUrl: (host) => new URL(`http://${host}`),
});
const meterOf = (): { requests: number; bytes: number } => ({ requests: 0, bytes: 0 });
const copies = copier({ registry, clock, pause, meterOf, source: sourceReader(registry, meterOf) });
const { mirrors, sourceReads } = await copies.copy(job, new AbortController().signal).done;
await stack.close();
const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const outcome: CopiedApart = {
  sourceReads,
  mirrors: mirrors.map(({ error, attempts, meter }) => ({ error: error?.message, attempts, bytes: meter.bytes })),
  peakBytes: peakKib * 1024,
};
process.stdout.write(JSON.stringify(outcome));
