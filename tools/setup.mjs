// Makes a clone ready to use and runs the project's scripts. Plain JavaScript, for Node 20 and later:
//
//   node tools/setup.mjs                installs the locked dependencies and builds dist/
//   node tools/setup.mjs run ARGS…      the same, then runs `node ARGS…` on the project's own Node
//   node tools/setup.mjs exec ARGS…     installs but does not build, then runs `node ARGS…`
//
// Installs and builds only what changed. Downloads a Node.js for the project only if the running one is too old.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TOOLS = join(ROOT, 'tools', 'node');
/** The Node.js package for this platform, one of those in tools/node/package.json. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
const OWN_NODE = join(TOOLS, 'node_modules', NODE_PACKAGE, 'bin', 'node');
/** Inside node_modules, so that deleting the folder also deletes the mark that it is complete. */
const INSTALLED = join('node_modules', '.kpromo-installed');
/** The folder of what the HTML report consists of, below src/. */
const PAGE = join('report', 'formats', 'html', 'page');
/** The digest of the files that dist/ was built from. */
const BUILT = '.built-from';
/** The oldest supported Node.js; a test compares it with `engines` in package.json. */
const NEEDED = [22, 22, 2];
/** Retries and waits of npm: an unreachable registry is reported within seconds. */
const PATIENCE = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];

class Stop extends Error {}

/** @param {readonly string[]} args */
async function main([command = 'build', ...args]) {
  if (!['build', 'run', 'exec'].includes(command))
    throw new Stop(`setup: unknown command "${command}"; use run, exec, or no command.`);
  const node = await projectNode();
  await install(ROOT, 'dependencies', node);
  if (command !== 'exec') build(node);
  if (command !== 'build') await run(node, args);
}

/** Returns the Node.js for scripts: the project's own if it exists or the running one is too old, else the running one. */
async function projectNode() {
  const isEnough = isNeeded(process.versions.node);
  const { optionalDependencies } = manifestOf(TOOLS);
  let failed = '';
  if (optionalDependencies?.[NODE_PACKAGE] !== undefined && (existsSync(OWN_NODE) || !isEnough)) {
    failed = await install(TOOLS, 'Node.js 24 (189 MB)', process.execPath, OWN_NODE);
    if (failed === '' && spawnSync(OWN_NODE, ['--version'], { stdio: 'ignore' }).status === 0) return OWN_NODE;
    // Built for another libc: removed, so that bin/kpromo does not select it.
    rmSync(OWN_NODE, { force: true });
  }
  if (failed !== '') process.stderr.write(`setup: Node.js 24 could not be downloaded ${failed}.\n`);
  if (isEnough) return process.execPath;
  const again = failed === '' ? '' : 'run this again once the registry is reachable, or ';
  throw new Stop(
    `kpromo needs Node.js ${NEEDED.join('.')} or later on ${process.platform}-${process.arch}, this is ${process.versions.node}: ${again}install a newer one from https://nodejs.org and try again.`,
  );
}

/** Returns true if a version is supported. */
function isNeeded(version) {
  const have = version.split('.').map(Number);
  return (NEEDED.map((part, i) => (have[i] ?? 0) - part).find((difference) => difference !== 0) ?? 0) >= 0;
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/**
 * Runs `npm ci` in the folder unless its last run had the same lock file and dependencies. Returns the reason if `file` is
 * missing afterwards, since npm ignores missing optional dependencies without a message; else ''.
 */
async function install(folder, what, node, file) {
  const manifest = manifestOf(folder);
  const stamp = hash([
    JSON.stringify([
      manifest.dependencies,
      manifest.devDependencies,
      manifest.optionalDependencies,
      manifest.overrides,
    ]),
    readFileSync(join(folder, 'package-lock.json')),
    `${process.platform}-${process.arch}`,
  ]);
  const isThere = () => file === undefined || existsSync(file);
  if (read(join(folder, INSTALLED)) === stamp && isThere()) return '';
  process.stderr.write(`Installing ${what} …\n`);
  const { status, signal, error, log } = await npmCi(folder, node);
  if (status !== 0) {
    process.stderr.write(log.replace(/^npm http (?!.*failed).*\n/gm, ''));
    const why = error?.message ?? (signal ? `it was ended by ${signal}` : `it ended with ${status}`);
    throw new Stop(`setup: npm ci for ${what} failed (${why}); see its messages above.`);
  }
  if (!isThere()) {
    const [program, first] = npm(node);
    const asked = spawnSync(program, [...first, 'config', 'get', 'registry'], { cwd: folder, encoding: 'utf8' });
    const reason = /failed with (\w+)|GET ([45]\d\d)/.exec(log);
    return `from ${asked.stdout.trim()}${reason === null ? '' : ` (${reason[1] ?? `HTTP ${reason[2]}`})`}`;
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  writeFileSync(join(folder, INSTALLED), stamp);
  return '';
}

/** Runs `npm ci` and reports every ten seconds that it is running; `log` is its output. */
async function npmCi(folder, node) {
  // Includes development dependencies under NODE_ENV=production; no package needs an install script.
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...PATIENCE,
  ];
  const [program, first] = npm(node);
  const child = spawn(program, [...first, ...args, '--loglevel=http'], {
    cwd: folder,
    env: environment(node),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const start = Date.now();
  const said = setInterval(() => {
    process.stderr.write(`  still running after ${Math.round((Date.now() - start) / 1000)} s\n`);
  }, 10_000);
  const end = await new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: null, error }));
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  clearInterval(said);
  return { ...end, log };
}

/** Returns the command that runs npm on the given Node.js: the npm that started this script, else the one on PATH. */
function npm(node) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js') && existsSync(cli)) return [node, [cli]];
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return existsSync(beside) ? [node, [beside]] : ['npm', []];
}

/** Checks the types of src/ and bundles it into a fresh dist/ unless dist/ was built from exactly these files. */
function build(node) {
  const source = join(ROOT, 'src');
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  // Copied unchanged, beside the chunk that reads them: the style and the scripts of the HTML report.
  const assets = names.filter((name) => dirname(name) === PAGE && /\.(?:css|js)$/.test(name));
  const tools = [
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
    join('tools', 'bundle.mjs'),
    join('tools', 'bundled.mjs'),
  ];
  const configs = tools.map((name) => join(ROOT, name));
  const inputs = [...configs, ...[...files, ...assets].map((name) => join(source, name))];
  const stamp = hash(inputs.flatMap((file) => [file.slice(ROOT.length), readFileSync(file)]));
  const dist = join(ROOT, 'dist');
  if (files.length === 0 || read(join(dist, BUILT)) === stamp) return;
  process.stderr.write('Building …\n');
  // Each process builds in its own folder and swaps it in: no deleted source remains, and a failed build changes nothing.
  const fresh = join(ROOT, `dist.new.${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  const steps = [
    [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    [join('tools', 'bundle.mjs'), fresh],
  ];
  for (const args of steps) {
    const { status } = spawnSync(node, args, {
      cwd: ROOT,
      env: environment(node),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status === 0) continue;
    rmSync(fresh, { recursive: true, force: true });
    throw new Stop('setup: the sources do not compile; see the errors above.');
  }
  for (const name of assets) cpSync(join(source, name), join(fresh, 'cli', 'page', basename(name)));
  writeFileSync(join(fresh, BUILT), stamp);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

/** Runs a script, and exits with its exit code or signal. */
async function run(node, args) {
  const child = spawn(node, args, { stdio: 'inherit', env: environment(node) });
  // On a terminal, Ctrl-C reaches the child directly; forwarded, it would count as a second one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...end) => resolve(end));
  });
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  // 128 + n, as shells report it, if the signal does not end this process.
  process.exitCode = 128 + constants.signals[signal];
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Puts the project's Node and its installed programs first on PATH. */
function environment(node) {
  const path = [dirname(node), join(ROOT, 'node_modules', '.bin'), process.env.PATH].filter(Boolean).join(delimiter);
  return { ...process.env, PATH: path };
}

/** Returns one digest of all parts, with their boundaries. */
function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${part.length}:`).update(part);
  return sum.digest('hex');
}

/** Returns the text of a file; undefined if it does not exist. */
function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
