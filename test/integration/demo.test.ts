import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { demoImages, stagingPath } from '../../demo/images.ts';
import { COMMITTED_HOSTS, copyTree, EXAMPLE } from '../../demo/tree.ts';
import { loadManifests } from '../../src/manifest/load.ts';
import { ensureBuilt } from '../support/built-cli.ts';
import { masked } from '../support/pages/masked.ts';
import { blocksOf, readPage, stepsOf } from '../support/pages/pages.ts';
import { startRegistry } from '../support/registry/server.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

describe('manifests/example', () => {
  it('names the images that the demo builds, from staging to three mirrors', async () => {
    const { projects, problems } = await loadManifests({ thinManifestDir: join(PROJECT, EXAMPLE) });
    expect(problems).toEqual([]);
    const [staging, ...mirrors] = COMMITTED_HOSTS;
    const named = projects.flatMap(({ name: project, source, destinations, images }) => {
      expect(destinations.map(({ name }) => name)).toEqual(mirrors.map((host) => `${host}/prod`));
      return images.flatMap(({ name, digests }) =>
        digests.map(({ digest, tags }) => ({ from: `${source}/${name}`, project, name, digest, tags })),
      );
    });
    const built = demoImages().map(({ project, name, tags, image }) => {
      const from = `${staging}/${stagingPath({ project, name })}`;
      return { from, project, name, digest: image.manifest.descriptor.digest, tags };
    });
    expect(named).toEqual(built);
  });

  it('has an index of five platforms, a chart, and one entry that staging does not have', () => {
    const images = demoImages();
    expect(images.map(({ image }) => image.children.length)).toContain(5);
    expect(images.map(({ name }) => name)).toContain('charts/guestbook');
    expect(images.filter(({ isStaged }) => !isStaged).map(({ name, tags }) => [name, ...tags])).toEqual([
      ['probe', '1.1.0'],
    ]);
  });
});

describe('demo/tree.ts', () => {
  it('exchanges all hosts at once, also when a new one is an old one, and cleans up', async () => {
    const hosts = ['localhost:5001', 'localhost:5000', 'localhost:50020', 'localhost:1'];
    const tree = copyTree(PROJECT, hosts);
    const { projects } = await loadManifests({ thinManifestDir: join(tree.folder, EXAMPLE) });
    for (const { registries } of projects)
      expect(registries.map(({ name }) => name.slice(0, name.indexOf('/')))).toEqual(hosts);
    tree[Symbol.dispose]();
    expect(existsSync(tree.folder)).toBe(false);
  });
});

describe('demo/fill.ts', () => {
  it('pushes to a staging registry what the example tree promotes from there', async () => {
    await using staging = await startRegistry();
    const child = spawn(process.execPath, [join(PROJECT, 'demo', 'fill.ts'), staging.host], { stdio: 'pipe' });
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    const staged = demoImages().filter(({ isStaged }) => isStaged);
    const missing = staged.filter(
      (image) => staging.store.resolve(stagingPath(image), image.image.manifest.descriptor.digest) === undefined,
    );
    expect(missing).toEqual([]);
    expect(staging.unexpected).toEqual([]);
  });
});

/** The dry run, the promotion, a run with nothing to do and a policy, as they are on no terminal. */
function expectDemo(stdout: string): void {
  expect(stdout.match(/^\d\. .*/gm)).toHaveLength(4);
  expect(stdout).toContain('│ Summary: 4 of 5 images to promote (15 references)');
  expect(stdout).toContain('│ Summary: 4 of 5 images promoted (15 references)');
  expect(stdout).toContain('│   4 digests signed, 4 recorded');
  expect(stdout).toContain('0 digests signed, 0 recorded, 4 already complete');
  expect(stdout).toContain('nothing else to promote');
  expect(stdout).toContain('PROVENANCE operator@sha256:');
  expect(stdout.match(/^✓ .*/gm)).toHaveLength(10);
  expect(stdout).not.toContain('✗');
  expect(stdout).toContain('All checks passed.');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout).not.toContain('\x1b');
}

/** The README shows what the demo prints; a line with `…` stands for what it leaves out. */
function expectReadme(stdout: string): void {
  const plain = (output: string): string => masked(output.replaceAll(/localhost:\d+/g, 'HOST'));
  const printed = plain(stdout.replaceAll(/^│ ?/gm, ''));
  const steps = blocksOf(readPage('README.md')).flatMap((block) =>
    block.language === 'console' ? stepsOf(block) : [],
  );
  const shown = steps.filter(({ command }) => command.includes('manifests/example'));
  expect(shown).toHaveLength(2);
  const parts = shown.flatMap(({ output }) => output.split(/^…$/m).map(plain));
  expect(parts.filter((part) => !printed.includes(part))).toEqual([]);
}

describe('demo/run.ts', () => {
  beforeAll(ensureBuilt);

  const RUN = join(PROJECT, 'demo', 'run.ts');

  /** A folder for all that the demo writes, and an environment with an empty home. */
  const place = (): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } => {
    const cwd = mkdtempSync(join(tmpdir(), 'kpromo-demo-test-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    mkdirSync(join(cwd, 'home'));
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    return { cwd, env: { PATH, NODE_COMPILE_CACHE, HOME: join(cwd, 'home'), TMPDIR: cwd } };
  };

  it('shows all on 80 columns, keeps its registries with --keep, so that the commands can be typed, and removes them on Ctrl-C', async () => {
    const { cwd, env } = place();
    const child = spawn(process.execPath, [RUN, '--keep'], { cwd, env });
    onTestFinished(() => void child.kill('SIGKILL'));
    const closed = once(child, 'close');
    let [shown, errors] = ['', ''];
    child.stderr.on('data', (chunk: Buffer) => void (errors += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.on('exit', () => reject(new Error(`it ended: ${shown}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        shown += chunk.toString();
        if (shown.includes('Press Ctrl-C here')) resolve();
      });
    });
    const folder = readdirSync(cwd).find((name) => name.startsWith('kpromo-demo-')) ?? '';
    const command = 'kpromo cip --manifests manifests/example --confirm --log-level=fatal';
    const typed = spawnSync('sh', ['-c', `. "$1/env.sh" && ${command}`, 'sh', join(cwd, folder)], {
      env,
      encoding: 'utf8',
    });
    expect(typed).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing else to promote') });
    expect(typed.stderr).toContain('images/probe/images.yaml:5:5');
    child.kill('SIGINT');
    expect([...(await closed), errors]).toEqual([0, null, '']);
    expect(readdirSync(cwd)).toEqual(['home']);
    expectDemo(shown);
    expectReadme(shown);
  });
});
