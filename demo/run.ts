// `npm run demo`: the main job on this machine, in three commands. Exits with 0 when all went as it should.
import { join } from 'node:path';
import { runCli } from '../test/support/built-cli.ts';
import { startRegistries, type TestRegistry } from '../test/support/registry/server.ts';
import { storeImage } from '../test/support/registry/images.ts';
import { demoImages, stagingPath, type DemoImage } from './images.ts';
import { screenOn } from './screen.ts';
import { copyTree, EXAMPLE } from './tree.ts';

const PROJECT = join(import.meta.dirname, '..');
/** The log is for machines and for the day when something is wrong: here the summary says it all. */
const QUIET = '--log-level=fatal';
const PROMOTE = ['cip', '--manifests', EXAMPLE, '--confirm', '--sign=false', QUIET];

const screen = screenOn(process.stdout);
let allPassed = true;

function check(passed: boolean, text: string): void {
  allPassed &&= passed;
  screen.check(passed, text);
}

/** Runs the CLI and shows it; the broken entry makes each run end with 1, which is the point of it. */
async function show(args: readonly string[], folder: string): Promise<void> {
  screen.command(['kpromo', ...args]);
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  screen.output((stdout + stderr).trim());
  const named = stderr.includes('images/probe/images.yaml:5:5');
  check(code === 1 && named, 'exit code 1, because of the broken entry, which is named with file and line');
}

function holds(mirror: TestRegistry, images: readonly DemoImage[]): boolean {
  return images.every(({ name, tags, image }) =>
    tags.every((tag) => mirror.store.resolve(`prod/${name}`, tag) === image.manifest.descriptor.digest),
  );
}

/** The requests since the last call that could have changed something. */
function takeWrites(registries: readonly TestRegistry[]): number {
  const writes = registries.flatMap(({ counters }) =>
    counters.log.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method)),
  );
  for (const { counters } of registries) counters.reset();
  return writes.length;
}

async function dryRun(folder: string, registries: readonly TestRegistry[]): Promise<void> {
  screen.heading('1. The dry run: what would be done?');
  screen.text('This is what a pull request is checked with. It writes nothing.');
  await show(['cip', '--manifests', EXAMPLE, '--dry-run', QUIET], folder);
  check(takeWrites(registries) === 0, 'the registries got GET and HEAD requests only');
}

async function promotion(
  folder: string,
  mirrors: readonly TestRegistry[],
  images: readonly DemoImage[],
): Promise<void> {
  screen.heading('2. The promotion');
  screen.text('This is what a job runs once the pull request is merged.');
  await show(PROMOTE, folder);
  const staged = images.filter(({ isStaged }) => isStaged);
  const complete = mirrors.every((mirror) => holds(mirror, staged));
  check(complete, `all ${mirrors.length} mirrors have all ${staged.length} good images, under every tag`);
  takeWrites(mirrors);
}

async function nothingToDo(folder: string, registries: readonly TestRegistry[]): Promise<void> {
  screen.heading('3. The same command again: nothing is left to do');
  screen.text('So a job may run it as often as it likes, and after any failure.');
  await show(PROMOTE, folder);
  check(takeWrites(registries) === 0, 'nothing was written');
}

async function main(): Promise<void> {
  const images = demoImages();
  const [staging, ...mirrors] = await startRegistries(4);
  if (staging === undefined) throw new Error('no registry was started');
  const registries = [staging, ...mirrors];
  const hosts = registries.map(({ host }) => host.replace('127.0.0.1', 'localhost'));
  using tree = copyTree(PROJECT, hosts);
  try {
    const staged = images.filter(({ isStaged }) => isStaged);
    for (const image of staged) storeImage(staging.store, stagingPath(image), image.image);
    screen.heading('kpromo promotes images from staging to production, as reviewed YAML says.');
    screen.text(`
  staging    ${hosts[0]}: ${staged.length} images, built just now
  mirrors    ${hosts.slice(1).join(', ')}: still empty
  manifests  ${EXAMPLE}: ${images.length} images, one of which staging does not have`);
    await dryRun(tree.folder, registries);
    await promotion(tree.folder, mirrors, images);
    await nothingToDo(tree.folder, registries);
  } finally {
    for (const registry of registries) await registry.close();
  }
  screen.heading(allPassed ? 'All went as it should.' : 'Something did not go as it should: see the lines with ✗.');
  screen.text(`Next: read ${EXAMPLE} and manifests/README.md, then write a tree of your own and try it with
  bin/kpromo cip --manifests YOUR-TREE --dry-run`);
  process.exitCode = allPassed ? 0 : 1;
}

await main();
