import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** A file with every way in which a test can end; vitest itself runs it. */
const EVERY_END = `
import { beforeAll, describe, it } from 'vitest';
it('passes', () => {});
it('fails', () => { throw new Error('no'); });
it('skips with a reason', ({ skip }) => skip('crane is not here'));
it('skips again', ({ skip }) => skip('crane is not here'));
it.todo('is to be written');
describe('broken hook', () => {
  beforeAll(() => { throw new Error('hook'); });
  it('never runs', () => {});
});
`;

async function runVitest(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly lines: readonly string[]; readonly totals: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-reporter-'));
  const reporter = join(ROOT, 'test', 'support', 'summary-reporter.ts');
  const config = `import { summaryReporter } from ${JSON.stringify(reporter)};
    export default { test: { root: ${JSON.stringify(folder)}, reporters: ['default', summaryReporter()], include: ['*.test.mjs'] } };`;
  await writeFile(join(folder, 'vitest.config.mjs'), config);
  for (const [name, text] of Object.entries(files)) {
    const vitest = JSON.stringify(join(ROOT, 'node_modules', 'vitest', 'dist', 'index.js'));
    await writeFile(join(folder, name), text.replace(`'vitest'`, vitest));
  }
  const file = join(folder, 'totals.json');
  const stdout = await new Promise<string>((resolve) => {
    const args = [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--root', folder];
    execFile(process.execPath, args, { env: { ...process.env, KPROMO_TEST_TOTALS: file } }, (_, out) => resolve(out));
  });
  const totals: unknown = JSON.parse(await readFile(file, 'utf8'));
  await rm(folder, { recursive: true });
  return { lines: stdout.trimEnd().split('\n'), totals };
}

describe('test/support/summary-reporter', () => {
  it('ends with one line of totals, after one line for each reason to skip', async () => {
    const { lines, totals } = await runVitest({
      'every-end.test.mjs': EVERY_END,
      'broken.test.mjs': 'throw new Error("cannot load")',
    });
    expect(lines.at(-1)).toBe('1 passed, 3 failed, 4 skipped');
    expect(totals).toEqual({ passed: 1, failed: 3, skipped: 4 });
    expect(lines).toContain('skipped 2: crane is not here');
    expect(lines.filter((line) => line.startsWith('skipped'))).toHaveLength(2);
  });
});
