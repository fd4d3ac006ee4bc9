import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { imageOf } from '../../../test/support/promotion/plan-cases.ts';
import { writeAdditions } from './write-additions.ts';

it('leaves no list of images whose manifest cannot be written', async () => {
  const tree = mkdtempSync(join(tmpdir(), 'kpromo-additions-'));
  onTestFinished(() => rmSync(tree, { recursive: true }));
  // A file where the folder of the manifest would be.
  writeFileSync(join(tree, 'manifests'), '');
  const images = [{ name: 'web', digest: imageOf('A').manifest.descriptor.digest, tags: ['v1'] }];
  const addition = { project: undefined, source: 'a.example/staging', destination: 'b.example/prod', images };
  expect(await rejection(writeAdditions(tree, [], [addition]))).toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining('promoter-manifest.yaml: the file cannot be written') as string,
  });
  expect(existsSync(join(tree, 'images', 'a.example-staging', 'images.yaml'))).toBe(false);
});
