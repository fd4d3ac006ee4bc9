import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { badReport, goodReport } from '../../../test/support/reports.ts';
import { jsonReport } from '../../report/formats/json.ts';
import type { ShardReport } from '../../report/merge/share-problems.ts';
import { sourceReading, type ReadSource } from './report-sources.ts';

const SHARD = { index: 0, of: 2, version: '1.2.3', flags: [] };
const report: ShardReport = { ...goodReport(), shard: SHARD };

const reading = sourceReading(memoryRegistry(), { signal: new AbortController().signal });

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-sources-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'report.json');
  await writeFile(path, text);
  return path;
}

const readText = async (text: string): Promise<ReadSource> =>
  reading({ text: await fileWith(text), artifact: undefined });

const shardOf = (shard: object): string => jsonReport({ ...report, shard: { ...SHARD, ...shard } });

describe('src/cli/commands/report-sources.ts', () => {
  it('reads what --report writes', async () => {
    for (const document of [goodReport(), badReport()])
      expect(await readText(jsonReport({ ...document, shard: SHARD }))).toHaveProperty('report');
  });

  it.each([
    ['text that is not JSON', '<html>', /not JSON/],
    ['a key that is there twice', '{"version":2,"version":2}', /twice/],
    ['another document', '{"version":1}', /not a JSON report of this version of kpromo: version: /],
    ['a key that this version does not know', jsonReport({ ...report, more: 1 } as never), /Unrecognized key/],
    ['the report of a whole run', jsonReport(goodReport()), /of a whole run/],
    ['a shard that cannot be', shardOf({ index: 2 }), /shard 2 of 2, which cannot be/],
    ['more shards than there can be', shardOf({ of: 1e9 }), /which cannot be/],
    ['two versions', shardOf({ version: '9' }), /two versions/],
  ])('rejects %s', async (_name, text, reason) => {
    expect(await readText(text)).toMatchObject({ isFinal: true, reason: expect.stringMatching(reason) });
  });

  it('rejects a file that is too large before it reads it, and a folder', async () => {
    const path = await fileWith('');
    await truncate(path, 129 * 1024 * 1024);
    expect(await reading({ text: path, artifact: undefined })).toMatchObject({
      reason: expect.stringMatching(/more than/),
    });
    expect(await reading({ text: tmpdir(), artifact: undefined })).toMatchObject({ isFinal: true });
  });

  it('returns a reason for any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.constantFrom(...Object.keys(report)), async (text, key) => {
        const changed = JSON.stringify({ ...report, [key]: JSON.parse(text) as unknown });
        for (const given of [text, changed])
          expect(Object.keys(await readText(given))).toContainEqual(expect.stringMatching(/^(?:report|reason)$/));
      }),
      { seed: 16, numRuns: 60 },
    );
  });
});
