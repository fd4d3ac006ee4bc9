import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { FACTS, image, MIRRORS, reportOf, target } from '../../../test/support/report-parts.ts';
import type { RunEvent } from '../../events.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import type { CommandServices } from '../command.ts';
import { REPORT_FORMATS } from '../../report/formats/index.ts';
import { withReports } from './reports.ts';
import { openSecrets } from '../../secrets/secrets.ts';

type World = { readonly services: CommandServices; readonly events: readonly RunEvent[]; readonly path: string };

async function world(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-reports-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const events: RunEvent[] = [];
  const output = { write: () => undefined, isTerminal: false };
  const services: CommandServices = {
    env: {},
    stdout: output,
    stderr: output,
    clock: fakeClock(),
    signal: new AbortController().signal,
    narrate: (event) => void events.push(event),
    secrets: openSecrets(),
    task: 'kpromo cip',
  };
  return { services, events, path: join(folder, 'run.json') };
}

const read = async (path: string): Promise<ReportDocument> =>
  JSON.parse(await readFile(path, 'utf8')) as ReportDocument;

/** The first report is JSON. */
const [JSON_FORMAT] = REPORT_FORMATS;

const NOWHERE = {
  manifests: undefined,
  allTrees: false,
  manifest: undefined,
  thinManifestDir: undefined,
  allowRegistries: [],
};

/** A command without a tree. */
const GIVEN = {
  argv: ['cip', '--confirm'],
  source: NOWHERE,
  shard: { index: 1, of: 2 },
  command: 'cip',
  registries: { configFile: undefined, maxWait: 0, timeout: undefined, retries: undefined, limiter: undefined },
  detailed: false,
} as const;

describe('src/cli/output/reports.ts', () => {
  it('writes what was recorded before an error, and rethrows the error', async () => {
    const { services, path } = await world();
    const bug = new TypeError('x is undefined');
    const [mirror = ''] = MIRRORS;
    const run = withReports(
      { ...GIVEN, mode: 'promote', reports: [{ path, format: JSON_FORMAT, artifact: undefined }] },
      services,
      async (observed) => {
        observed.record?.({ run: reportOf([image('app', 1, [target(mirror, 'app', 'v1')])], []) });
        throw bug;
      },
    );
    await expect(run).rejects.toBe(bug);
    expect(await read(path)).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      kpromo: FACTS.version,
      context: { command: 'kpromo cip --confirm' },
      shard: { index: 1, of: 2, version: expect.any(String), flags: ['--confirm=true'] },
      images: [{ name: 'app' }],
      failures: [{ code: 'INTERNAL', message: 'x is undefined' }],
    });
  });

  it('returns the exit code, and passes on events', async () => {
    const { services, events, path } = await world();
    const event = { type: 'request', method: 'GET', url: 'https://a.io/v2/', status: 200, ms: 1 } as const;
    const code = await withReports(
      { ...GIVEN, mode: 'dry-run', reports: [{ path, format: JSON_FORMAT, artifact: undefined }] },
      services,
      async (observed) => {
        observed.narrate(event);
        observed.onRates?.(() => [{ group: 'g', origins: ['https://a.io'], rate: 60, refused: 0, limit: undefined }]);
        observed.narrate(event);
        return 2;
      },
    );
    expect(code).toBe(2);
    expect(events).toEqual([event, event]);
    expect((await read(path)).traffic?.hosts).toMatchObject([{ host: 'a.io', requests: [2] }]);
  });

  it("logs a report that cannot be written, and rethrows the command's error", async () => {
    const { services, events, path } = await world();
    const lost = (): Promise<void> => rm(join(path, '..'), { recursive: true });
    const asked = { ...GIVEN, mode: 'promote', reports: [{ path, format: JSON_FORMAT, artifact: undefined }] } as const;
    const broken = withReports(asked, services, async () => {
      await lost();
      throw new Error('first');
    });
    await expect(broken).rejects.toThrow('first');
    expect(events).toMatchObject([{ level: 'error', message: expect.stringContaining('writing the report') }]);
  });
});
