import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { setup } from '../../src/phases/setup.ts';
import { loadManifests } from '../../src/manifest/load.ts';
import { testContext } from '../support/promotion/context.ts';

const BUNDLE = join(import.meta.dirname, '../../../shared/real-trees/k8s-2024.bundle');
/** Of 400 changes every so many are read. */
const STEP = 40;

/** A digest with a digit too few, and a tag that two digests want. */
const KNOWN: readonly string[] = ['ENTRY_INVALID', 'TAG_CONFLICT'];

describe('a real promotion tree', () => {
  it('has warnings of leftovers, and errors of single entries only, through its history', async ({ skip }) => {
    skip(!existsSync(BUNDLE), 'the history of a real tree is not here: ../shared/real-trees');
    const folder = mkdtempSync(join(tmpdir(), 'kpromo-real-'));
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
    try {
      git('clone', '--quiet', BUNDLE, '.');
      const commits = git('rev-list', '--reverse', 'HEAD').trim().split('\n');
      for (const commit of commits.filter((_, index) => index % STEP === STEP - 1)) {
        git('checkout', '--quiet', commit);
        const loaded = await loadManifests({ manifests: join(folder, 'registry.k8s.io') });
        const { failures, warnings = [] } = await setup({ load: async () => loaded }).run(
          undefined,
          testContext().context,
        );
        expect(failures.map(({ code }) => code).filter((code) => !KNOWN.includes(code))).toEqual([]);
        expect(failures.length).toBeLessThanOrEqual(2);
        const manifests = git('ls-files', '*/promoter-manifest.yaml').trim().split('\n');
        expect(loaded.projects).toHaveLength(manifests.length);
        expect(new Set(warnings.map(({ message }) => message.replace(/"[^"]*"/, '…')))).toEqual(
          new Set(['the list of images is empty', 'the image … has no digests', '… has no effect']),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
