// `npm run demo`: promotes on this machine, in four commands. Exits with 0 if all checks pass. With `--keep`, the
// registries run until Ctrl-C, so that you can type the commands.
import { join } from 'node:path';
import { runCli } from '../test/support/built-cli.ts';
import { startRegistries, type TestRegistry } from '../test/support/registry/server.ts';
import { storeImage } from '../test/support/registry/images.ts';
import { startSigstore, type LocalSigstore } from '../test/support/sigstore/local.ts';
import { demoImages, stagingPath, type DemoImage } from './images.ts';
import { BUILT, LAPTOP, POLICY_TREE, stagePolicy } from './policy.ts';
import { screenOn } from './screen.ts';
import { areSigned } from './signed.ts';
import { keep, type Place } from './keep.ts';
import { copyTree, EXAMPLE } from './tree.ts';

const PROJECT = join(import.meta.dirname, '..');
/** The demo shows the summary without the log. */
const QUIET = '--log-level=fatal';
const PROMOTE = ['cip', '--manifests', EXAMPLE, '--confirm', QUIET];

const isKept = process.argv.includes('--keep');
const screen = screenOn(process.stdout);
let allPassed = true;

function check(passed: boolean, text: string): void {
  allPassed &&= passed;
  screen.check(passed, text);
}

/** Runs the CLI and prints its output. Each run must exit with 1, because of the invalid entry. */
async function show(args: readonly string[], { folder, env }: Place): Promise<void> {
  screen.command(['kpromo', ...args]);
  const { code, stdout, stderr } = await runCli(args, { cwd: folder, env });
  screen.output((stdout + stderr).trim());
  const named = stderr.includes('images/probe/images.yaml:5:5');
  check(code === 1 && named, 'exit code 1, because of the invalid entry, which is named with file and line');
}

function holds(mirror: TestRegistry, images: readonly DemoImage[]): boolean {
  return images.every(({ name, tags, image }) =>
    tags.every((tag) => mirror.store.resolve(`prod/${name}`, tag) === image.manifest.descriptor.digest),
  );
}

/** Counts the write requests since the last call. */
function takeWrites(registries: readonly TestRegistry[]): number {
  const writes = registries.flatMap(({ counters }) =>
    counters.log.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method)),
  );
  for (const { counters } of registries) counters.reset();
  return writes.length;
}

async function dryRun(place: Place, registries: readonly TestRegistry[]): Promise<void> {
  screen.heading('1. The dry run: what would be promoted?');
  screen.text('The check of a pull request runs this command. It writes nothing.');
  await show(['cip', '--manifests', EXAMPLE, '--dry-run', QUIET], place);
  check(takeWrites(registries) === 0, 'the registries got GET and HEAD requests only');
}

async function promotion(
  place: Place,
  mirrors: readonly TestRegistry[],
  images: readonly DemoImage[],
  sigstore: LocalSigstore,
): Promise<void> {
  screen.heading('2. The promotion');
  screen.text(`This is what a job runs once the pull request is merged.
It also signs what it promotes, and records why it is there; a Sigstore on this machine stands for the public one.`);
  await show(PROMOTE, place);
  const staged = images.filter(({ isStaged }) => isStaged);
  const complete = mirrors.every((mirror) => holds(mirror, staged));
  check(complete, `all ${mirrors.length} mirrors have all ${staged.length} valid images with all tags`);
  const [primary = ''] = mirrors.map(({ host }) => host.replace('127.0.0.1', 'localhost'));
  const places = staged.map(
    ({ name, image }) => [`${primary}/prod/${name}`, image.manifest.descriptor.digest] as const,
  );
  const isSigned = await areSigned(places, sigstore);
  check(isSigned, `each image has a signature and a record on ${primary}, and both verify`);
  check(sigstore.counts().fulcio === 1, 'one certificate was enough for all signatures');
  takeWrites(mirrors);
}

async function nothingToDo(place: Place, registries: readonly TestRegistry[]): Promise<void> {
  screen.heading('3. The same command again: nothing to do');
  screen.text('A job can therefore run it at any time, also after a failure.');
  await show(PROMOTE, place);
  check(takeWrites(registries) === 0, 'nothing was written');
}

async function policy({ folder, env }: Place, mirrors: readonly TestRegistry[]): Promise<void> {
  screen.heading('4. A policy: who built this, and from what?');
  screen.text(`The project "operator" requires provenance that its builder signed. Staging has
it of ${BUILT}; ${LAPTOP} was built on a laptop. Only that one is rejected.`);
  const args = ['cip', '--manifests', POLICY_TREE, '--confirm', QUIET];
  screen.command(['kpromo', ...args]);
  const { code, stdout, stderr } = await runCli(args, { cwd: folder, env });
  screen.output((stdout + stderr).trim());
  check(
    code === 1 && stderr.includes('PROVENANCE'),
    `exit code 1, because of ${LAPTOP}, which has no signed provenance`,
  );
  const has = (tag: string): boolean[] => mirrors.map(({ store }) => store.resolve('prod/operator', tag) !== undefined);
  const isRight = has(BUILT).every(Boolean) && !has(LAPTOP).some(Boolean);
  check(isRight, `all ${mirrors.length} mirrors have ${BUILT}, and none has ${LAPTOP}`);
}

async function main(): Promise<void> {
  const images = demoImages();
  const [staging, ...mirrors] = await startRegistries(4, { google: true });
  const sigstore = await startSigstore();
  if (staging === undefined) throw new Error('no registry was started');
  const registries = [staging, ...mirrors];
  const hosts = registries.map(({ host }) => host.replace('127.0.0.1', 'localhost'));
  using tree = copyTree(PROJECT, hosts);
  try {
    const staged = images.filter(({ isStaged }) => isStaged);
    for (const image of staged) storeImage(staging.store, stagingPath(image), image.image);
    screen.heading('kpromo promotes images from staging to production, as reviewed YAML files list them.');
    screen.text(`
  staging    ${hosts[0]}: ${staged.length} images, built just now
  mirrors    ${hosts.slice(1).join(', ')}: still empty
  manifests  ${EXAMPLE}: ${images.length} images, one of which staging does not have

The commands below run in a temporary copy of the tree that names these registries, and sign with a Sigstore on this
machine. All of it is removed at the end${isKept ? ', when you press Ctrl-C' : '; `npm run demo -- --keep` leaves it for you to try'}.`);
    const env = {
      SIGSTORE_ID_TOKEN: sigstore.token(),
      TUF_MIRROR: sigstore.tuf.url,
      TUF_ROOT_JSON: sigstore.tuf.rootFile,
    };
    const place = { folder: tree.folder, env };
    await dryRun(place, registries);
    await promotion(place, mirrors, images, sigstore);
    await nothingToDo(place, registries);
    await stagePolicy(tree.folder, hosts, staging, sigstore);
    await policy(place, mirrors);
    if (isKept) await keep(place, join(PROJECT, 'bin'), screen);
  } finally {
    for (const registry of registries) await registry.close();
    await sigstore.stop();
  }
  screen.heading(allPassed ? 'All checks passed.' : 'Some checks failed: see the lines with ✗.');
  screen.text(`Next: read ${EXAMPLE} and manifests/README.md, then write a tree of your own and try it with
  bin/kpromo cip --manifests YOUR-TREE --dry-run --sign=false`);
  process.exitCode = allPassed ? 0 : 1;
}

await main();
