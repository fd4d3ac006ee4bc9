import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countMetrics } from '../src/watch/metrics.ts';
import { fakeClock } from './support/fake-clock.ts';
import { surface } from './support/surface.ts';

const FILE = join(import.meta.dirname, 'fixtures', 'surface.txt');
/** Set by who releases, after the version was chosen by VERSIONING.md. */
const RECORD = process.env['KPROMO_RECORD_SURFACE'] === '1';

describe('what programs rely on', () => {
  const now = surface();
  if (RECORD) writeFileSync(FILE, `${now.join('\n')}\n`);
  const promised = readFileSync(FILE, 'utf8').trimEnd().split('\n');

  it('has everything that the last release had', () => {
    const have = new Set(now);
    // A line that is missing here is a breaking change: VERSIONING.md says how to make one.
    expect(promised.filter((line) => !have.has(line))).toEqual([]);
  });

  it.each([
    'flag cip --confirm bool',
    'exit 75',
    'problem LOST',
    'metric kpromo_exit_code',
    'run-report.version number',
  ])('includes %s', (start) => {
    expect(promised.filter((line) => line.startsWith(start))).not.toEqual([]);
  });

  it('lists the metrics that the program has', async () => {
    const text = await (await countMetrics(fakeClock(), () => [])).text();
    const own = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name).toSorted();
    const listed = now.filter((line) => line.startsWith('metric ')).map((line) => line.split(' ')[1] ?? '');
    expect(listed.toSorted()).toEqual(own);
  });
});
