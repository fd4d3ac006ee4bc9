import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { registriesFor } from '../../bench/tree-registries.ts';
import { writeTree } from '../../bench/tree-files.ts';
import { generateTree, type Tree } from '../../bench/tree.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { startRegistryProcess } from '../support/registry/process.ts';

/** As many projects and images as in production, and as many that are pending; fewer versions and mirrors, which cost time and no lines. */
const SIZE = { projects: 61, images: 4, versions: 5, mirrors: 3, pending: 230 };

async function dryRun(tree: Tree): Promise<CipRun> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-plan-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using registries = await startRegistryProcess(registriesFor(tree, { google: true }));
  const [staging = '', ...mirrors] = registries.hosts;
  await writeTree(tree, folder, staging, mirrors);
  const run = await cip(['--manifests', folder, '--dry-run'], { speed: 100 });
  expect(await registries.unexpected()).toEqual([]);
  return run;
}

describe('the plan of a dry run over a large tree', () => {
  it('has a line for each of 230 pending digests, and stays under 300 lines with the log', async () => {
    const { code, stdout, stderr } = await dryRun(generateTree(SIZE));
    expect(code).toBe(0);
    const rows = stdout.split('\n').filter((line) => line.includes('sha256:'));
    expect(rows).toHaveLength(230);
    expect(rows.every((row) => /(?:copy to|tag on) all 3 mirrors/.test(row))).toBe(true);
    expect(stdout).toMatch(/^Plan: 230 of 1,220 images to promote, \d+ references, at most [\d.]+ [KM]iB to write\n/);
    // four images of that name in every project: each is told apart
    expect(new Set(rows.map((row) => row.split(' ')[0])).size).toBeGreaterThan(200);
    expect((stdout + stderr).trimEnd().split('\n').length).toBeLessThan(300);
    expect(stderr).toContain('Pending promotions:');
  });
});
