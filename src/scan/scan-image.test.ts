import { describe, expect, it } from 'vitest';
import { rejection } from '../../test/support/http-request.ts';
import { PromotionError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { ScanResult } from '../policy/vulnerabilities/vulnerability.ts';
import { namedApart, scanImage, type Platform, type ScannedImage } from './scan-image.ts';
import { scannedOnce, notScanned, type Scanner } from './scanner.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const [INDEX, AMD, ARM] = [digest('a'), digest('b'), digest('c')];
const repository = 'registry.example/app';
const image: ScannedImage = { repository, digest: AMD, platforms: [] };
const platforms: readonly Platform[] = [
  { digest: AMD, name: 'linux/amd64' },
  { digest: ARM, name: 'linux/arm64' },
];
const index: ScannedImage = { repository, digest: INDEX, platforms };
const forever = new AbortController().signal;

type Known = Partial<Record<Digest, Partial<ScanResult> | Error>>;

/** Knows what it is told, and nothing else. */
function scanner(name: string, known: Known, onePlatform = false): Scanner & { readonly asked: Digest[] } {
  const asked: Digest[] = [];
  return {
    name,
    onePlatform,
    asked,
    scan: async (target) => {
      asked.push(target.digest);
      const result = known[target.digest];
      if (result instanceof Error) throw result;
      if (result === undefined) return notScanned(name, 'unknown');
      const id = `CVE-${target.digest.at(-1)}`;
      const finding = { id, aliases: [], severity: 4, package: 'tar', version: '1', source: name } as const;
      return { state: 'scanned', scanner: name, findings: [finding], ...result };
    },
  };
}
const broken = new PromotionError('SCANNER', 'it is broken', { hint: 'mend it' });
const run = (scanners: readonly Scanner[], what = image): Promise<ScanResult> => scanImage(scanners, what, forever);

describe('src/scan/scan-image.ts', () => {
  it('returns the result of the first scanner that succeeds, and runs none after it', async () => {
    const [first, second, third] = [scanner('a', {}), scanner('b', { [AMD]: {} }), scanner('c', { [AMD]: {} })];
    expect(await run([first, second, third])).toMatchObject({ state: 'scanned', scanner: 'b' });
    expect([first, second, third].map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  });

  it('returns the reasons of all scanners when none succeeds', async () => {
    expect(await run([scanner('a', {}), scanner('b', {})])).toMatchObject({
      state: 'not-scanned',
      reason: 'a: unknown; b: unknown',
    });
    expect(await run([scanner('a', {})])).toMatchObject({ state: 'not-scanned', reason: 'unknown' });
    expect(await run([])).toMatchObject({ state: 'not-scanned' });
  });

  it('continues after a failure, and reports it only if no scanner succeeds', async () => {
    const failing = scanner('a', { [AMD]: broken });
    expect(await run([failing, scanner('b', { [AMD]: {} })])).toMatchObject({ state: 'scanned', scanner: 'b' });
    expect(await run([failing, scanner('b', {})])).toMatchObject({
      state: 'failed',
      reason: 'a: it is broken; mend it; b: unknown',
    });
    expect(await run([failing])).toMatchObject({ state: 'failed', reason: 'it is broken; mend it' });
  });

  it('rethrows defects and aborts', async () => {
    const bug = new TypeError('a bug');
    expect(await rejection(run([scanner('a', { [AMD]: bug })]))).toBe(bug);
    const stopped = AbortSignal.abort(new Error('enough'));
    const failing = scanner('a', { [AMD]: broken });
    expect(await rejection(scanImage([failing], image, stopped))).toBe(broken);
  });

  it('scans every platform of an index, and names the platform of each finding', async () => {
    const tool = scanner('tool', { [AMD]: {}, [ARM]: {}, [INDEX]: {} }, true);
    expect(await run([tool], index)).toMatchObject({
      state: 'scanned',
      findings: [
        { id: 'CVE-b', platform: 'linux/amd64' },
        { id: 'CVE-c', platform: 'linux/arm64' },
      ],
    });
    expect(tool.asked).toEqual([AMD, ARM]);
  });

  it('reports an index as scanned only if all its platforms are', async () => {
    expect(await run([scanner('tool', { [AMD]: {} }, true)], index)).toMatchObject({
      state: 'not-scanned',
      findings: [{ platform: 'linux/amd64' }],
      reason: 'linux/arm64: unknown',
    });
    expect(await run([scanner('tool', { [AMD]: {}, [ARM]: broken }, true)], index)).toMatchObject({ state: 'failed' });
  });

  it('accepts a report without a platform only for an index of one platform', async () => {
    const known = scanner('report', { [INDEX]: {} });
    expect(await run([known], index)).toMatchObject({
      state: 'not-scanned',
      findings: [{ id: 'CVE-a' }],
      reason: expect.stringContaining('linux/arm64: unknown; the report of the index does not name its platform'),
    });
    const one = { ...index, platforms: platforms.slice(0, 1) };
    expect(await run([known], one)).toMatchObject({ state: 'scanned', findings: [{ id: 'CVE-a' }] });
  });

  it('applies a report of one platform only to that platform', async () => {
    const partial = scanner('report', { [INDEX]: { platforms: ['linux/amd64'] } });
    expect(await run([partial], index)).toMatchObject({ state: 'not-scanned', reason: 'linux/arm64: unknown' });
    const tool = scanner('tool', { [AMD]: {}, [ARM]: {} }, true);
    expect(await run([partial, tool], index)).toMatchObject({
      state: 'scanned',
      scanner: 'report, tool',
      findings: [{ id: 'CVE-a' }, { id: 'CVE-c' }],
    });
    expect(tool.asked).toEqual([ARM]);
  });

  it.each([
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm/v6', 'linux/arm/v7', false],
    ['windows/amd64', 'linux/amd64', false],
    ['linux/amd64', 'LINUX/amd64', false],
    ['linux/amd64', AMD, false],
  ])('compares the platforms %s and %s', async (reported, name, isSame) => {
    const partial = scanner('report', { [INDEX]: { platforms: [reported] } });
    const one = { ...index, platforms: [{ digest: AMD, name }] };
    expect((await run([partial], one)).state).toBe(isSame ? 'scanned' : 'not-scanned');
  });

  it('ignores a report whose platform is ambiguous', async () => {
    const partial = scanner('report', { [INDEX]: { platforms: ['linux/arm'] } });
    const arms = [
      { digest: AMD, name: 'linux/arm/v6' },
      { digest: ARM, name: 'linux/arm/v7' },
    ];
    expect(await run([partial], { ...index, platforms: arms })).toMatchObject({
      state: 'not-scanned',
      reason: 'linux/arm/v6: unknown; linux/arm/v7: unknown',
    });
  });

  it('names platforms by digest when their names are equal or missing', () => {
    const images = [
      { digest: AMD, platform: 'linux/amd64' },
      { digest: ARM, platform: 'linux/amd64' },
      { digest: INDEX, platform: 'linux/arm64' },
    ];
    expect(namedApart(images).map(({ name }) => name)).toEqual([AMD, ARM, 'linux/arm64']);
    expect(namedApart([{ digest: AMD }]).map(({ name }) => name)).toEqual([AMD]);
  });

  it('combines the results of different scanners for different platforms', async () => {
    const scanners = [scanner('a', { [AMD]: {} }), scanner('b', { [ARM]: {} })];
    expect(await run(scanners, index)).toMatchObject({ state: 'scanned', scanner: 'a, b' });
  });

  it('scans each manifest once, also for concurrent callers', async () => {
    const tool = scanner('tool', { [AMD]: {}, [ARM]: broken }, true);
    const once = scannedOnce(tool);
    await Promise.all([run([once], index), run([once], index), run([once])]);
    expect(tool.asked).toEqual([AMD, ARM]);
  });
});
