import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { onceForFile } from '../support/once.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { cip } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startDistributions, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { buildImage, buildMultiPlatform, pushImage, type BuiltImage } from '../support/registry/images.ts';

const run = promisify(execFile);

/** Somebody else's client: how it reads a manifest's bytes, and how it pushes something of its own. */
type Judge = {
  readonly name: string;
  readonly manifest: (reference: string) => readonly string[];
  /** Downloads all of an image into a folder. */
  readonly pull: (reference: string, layout: string) => readonly string[];
  /** Pushes `file` in a form of its own. */
  readonly push: (reference: string, file: string) => readonly string[];
};

const plain = (reference: string): string => `reg=${reference.split('/')[0]},tls=disabled`;

const JUDGES: readonly Judge[] = [
  {
    name: 'crane',
    manifest: (reference) => ['manifest', reference],
    pull: (reference, layout) => ['pull', '--format=oci', reference, layout],
    push: (reference, file) => ['append', '--oci-empty-base', '--new_layer', file, '--new_tag', reference],
  },
  {
    name: 'oras',
    manifest: (reference) => ['manifest', 'fetch', '--plain-http', reference],
    pull: (reference, layout) => ['copy', '--from-plain-http', '--to-oci-layout', reference, `${layout}:v1`],
    push: (reference, file) => [
      'push',
      '--plain-http',
      '--disable-path-validation',
      '--artifact-type=application/vnd.example.thing',
      '--annotation=note=é',
      reference,
      `${file}:text/plain`,
    ],
  },
  {
    name: 'regctl',
    manifest: (reference) => ['--host', plain(reference), 'manifest', 'get', '--format', 'raw-body', reference],
    pull: (reference, layout) => ['--host', plain(reference), 'image', 'copy', reference, `ocidir://${layout}:v1`],
    push: (reference, file) => [
      '--host',
      plain(reference),
      'artifact',
      'put',
      '--artifact-type=application/vnd.example.thing',
      '--index',
      `--file=${file}`,
      reference,
    ],
  },
];

/** Two registries for all tests, which use names of their own. */
const shared = (start: () => Promise<readonly RealRegistry[]>): (() => Promise<readonly RealRegistry[]>) =>
  onceForFile(async (ends) => {
    const registries = await start();
    for (const registry of registries) ends(() => registry.stop());
    return registries;
  });

const REGISTRIES: readonly { readonly name: string; readonly start: () => Promise<readonly RealRegistry[]> }[] = [
  { name: 'distribution 2.8', start: shared(() => startDistributions(2)) },
  {
    name: 'a registry with the referrers API',
    start: shared(() => Promise.all([1, 2].map(() => startReferrersRegistry()))),
  },
];

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-judge-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The judge and two registries, or a skipped test; `ask` runs the judge with a home of its own. */
async function court(
  test: Skippable,
  judge: Judge,
  start: () => Promise<readonly RealRegistry[]>,
): Promise<{
  readonly staging: string;
  readonly mirror: string;
  readonly root: string;
  readonly ask: (args: readonly string[]) => Promise<string>;
}> {
  const program = await orSkip(test, () => requireProgram(judge.name));
  const registries = await orSkip(test, start);
  const [staging = '', mirror = ''] = registries.map(({ address }) => address);
  const home = await folder();
  const env = { PATH: process.env['PATH'], HOME: home };
  return {
    staging,
    mirror,
    // The registries outlive this test.
    root: randomUUID(),
    ask: async (args) => (await run(program, args, { env })).stdout,
  };
}

async function promote(
  from: string,
  to: string,
  entries: readonly (readonly [string, string, ...string[]])[],
): Promise<void> {
  await using tree = await writeTree([{ name: 'judged', from, to: [to], entries }]);
  expect(await cip(['--manifests', tree.path, '--confirm', '--sign=false'])).toMatchObject({ code: 0 });
}

/** Every digest that an image is made of. */
function digestsOf({ manifest, blobs, children }: BuiltImage): string[] {
  return [
    manifest.descriptor.digest,
    ...blobs.map(({ descriptor }) => descriptor.digest),
    ...children.flatMap(digestsOf),
  ];
}

/** The digests of the blobs in an OCI image layout. */
const digestsIn = async (layout: string): Promise<string[]> =>
  (await readdir(join(layout, 'blobs', 'sha256'))).map((hex) => `sha256:${hex}`);

for (const { name, start } of REGISTRIES) {
  describe.for(JUDGES)(`$name on ${name}`, (judge) => {
    it('reads back, byte for byte and to the last blob, what we pushed', async (test) => {
      const { staging, mirror, root, ask } = await court(test, judge, start);
      const images: Readonly<Record<string, BuiltImage>> = {
        image: buildImage({ seed: 601, layers: [3_000, 100_000] }),
        docker: buildImage({ seed: 602, format: 'docker' }),
        index: buildMultiPlatform({ seed: 603 }, ['linux/amd64', 'linux/arm64']),
      };
      for (const [path, image] of Object.entries(images))
        await pushImage(`http://${staging}`, `${root}/staging/${path}`, image);
      const entries = Object.entries(images).map(
        ([path, { manifest }]) => [path, manifest.descriptor.digest, 'v1'] as const,
      );
      await promote(`${staging}/${root}/staging`, `${mirror}/${root}/prod`, entries);
      for (const [path, image] of Object.entries(images)) {
        const reference = `${mirror}/${root}/prod/${path}:v1`;
        expect(await ask(judge.manifest(reference))).toBe(Buffer.from(image.manifest.bytes).toString('utf8'));
        const layout = join(await folder(), 'layout');
        await ask(judge.pull(reference, layout));
        expect(await digestsIn(layout)).toEqual(expect.arrayContaining(digestsOf(image)));
      }
    });

    it('pushes what we promote, and finds the same at its new place', async (test) => {
      const { staging, mirror, root, ask } = await court(test, judge, start);
      const file = join(await folder(), 'layer.tar');
      // Two blocks of zeros are the end of a tape archive, and all of an empty one.
      await writeFile(file, Buffer.alloc(1024));
      const pushed = `${staging}/${root}/staging/theirs:nightly`;
      await ask(judge.push(pushed, file));
      const manifest = await ask(judge.manifest(pushed));
      const head = await fetch(`http://${staging}/v2/${root}/staging/theirs/manifests/nightly`, {
        method: 'HEAD',
        headers: { accept: (JSON.parse(manifest) as { mediaType: string }).mediaType },
      });
      const digest = head.headers.get('docker-content-digest') ?? '';
      await promote(`${staging}/${root}/staging`, `${mirror}/${root}/prod`, [['theirs', digest, 'v1']]);
      const reference = `${mirror}/${root}/prod/theirs:v1`;
      expect(await ask(judge.manifest(reference))).toBe(manifest);
      const [before, after] = [join(await folder(), 'layout'), join(await folder(), 'layout')];
      await ask(judge.pull(pushed, before));
      await ask(judge.pull(reference, after));
      expect((await digestsIn(after)).toSorted()).toEqual((await digestsIn(before)).toSorted());
      expect(await readFile(join(after, 'oci-layout'), 'utf8')).toContain('1.0.0');
    });
  });
}
