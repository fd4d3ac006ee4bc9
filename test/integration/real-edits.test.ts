import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addImages } from '../../src/manifest/edit/add-images.ts';
import { openImagesFile } from '../../src/manifest/edit/project-file.ts';
import { loadManifests } from '../../src/manifest/load.ts';
import type { Project } from '../../src/manifest/manifest.ts';

const BUNDLE = join(import.meta.dirname, '../../../shared/real-trees/k8s-2024.bundle');
const LARGEST = 60;
const DIGEST = `sha256:${'7'.repeat(64)}` as const;

describe.skipIf(!existsSync(BUNDLE))(
  'additions to the largest files of a real promotion tree (../shared/real-trees)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'kpromo-edits-'));
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
    let projects: readonly Project[] = [];
    beforeAll(async () => {
      git('clone', '--quiet', BUNDLE, '.');
      const loaded = await loadManifests({ manifests: join(folder, 'registry.k8s.io') });
      const size = ({ imagesFile }: Project): number => statSync(imagesFile).size;
      projects = loaded.projects.toSorted((a, b) => size(b) - size(a)).slice(0, LARGEST);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      [
        'a digest of an image that is there',
        ({ images }: Project): string => images.at(Math.floor(images.length / 2))?.name ?? 'x',
      ],
      ['a new image', (): string => 'kpromo-new-image'],
    ])('keep every line when %s is added', async (_, nameIn) => {
      expect(projects).toHaveLength(LARGEST);
      for (const project of projects) {
        const edited = await openImagesFile(project);
        const tags = ['v987.6.5', 'v987.6'];
        writeFileSync(edited.file, addImages(edited, [{ name: nameIn(project), digest: DIGEST, tags }]));
      }
      const changes = git('diff', '--numstat')
        .split('\n')
        .map((line) => line.split('\t'));
      expect(changes).toHaveLength(LARGEST);
      expect(changes.filter(([added, deleted]) => deleted !== '0' || Number(added) > 5)).toEqual([]);
      git('checkout', '--quiet', '.');
    });
  },
);
