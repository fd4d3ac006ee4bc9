import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kpromo } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistributions } from '../support/real-registries.ts';
import { buildImage, buildMultiPlatform, pushImage } from '../support/registry/images.ts';

describe('kpromo add from a real registry', () => {
  it('adds an index and an image, and refuses a tag that stands in production', async () => {
    const [staging, mirror] = await startDistributions(2);
    if (staging === undefined || mirror === undefined) throw new Error('there are two registries');
    const path = `add-${Date.now()}`;
    const url = `http://${staging.address}`;
    const index = await pushImage(
      url,
      `${path}/web`,
      buildMultiPlatform({ seed: 90 }, ['linux/amd64', 'linux/arm64']),
      ['v1', 'v2'],
    );
    const worker = await pushImage(url, `${path}/tools/worker`, buildImage({ seed: 95 }), ['v1']);
    await pushImage(`http://${mirror.address}`, `${path}/web`, buildImage({ seed: 99 }), ['v2']);
    await using tree = await writeTree([
      { name: 'app', from: `${staging.address}/${path}`, to: [`${mirror.address}/${path}`], entries: [] },
    ]);
    const add = (tag: string) => kpromo(['add', '--manifests', tree.path, '--project=app', `--tag=${tag}`]);
    try {
      expect((await add('v1')).code).toBe(0);
      const text = await readFile(join(tree.path, 'images/app/images.yaml'), 'utf8');
      expect(text).toBe(
        `- name: tools/worker\n  dmap:\n    "${worker.digest}": ["v1"]\n- name: web\n  dmap:\n    "${index.digest}": ["v1"]\n`,
      );
      const moved = await add('v2');
      expect([moved.code, moved.log.join('\n')]).toEqual([
        1,
        expect.stringContaining(`(${mirror.address}/${path}/web:v2)`),
      ]);
    } finally {
      await Promise.all([staging.stop(), mirror.stop()]);
    }
  });
});
