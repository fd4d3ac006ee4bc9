import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, startWorld } from '../integration/uses/world.ts';
import { startCli } from '../support/built-cli.ts';
import { emptyHome, pack, runIn } from '../support/packed.ts';
import type { Packed } from '../support/packed.ts';
import { orSkip } from '../support/programs.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startRedis } from '../support/redis-server.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MIB = 1024 * 1024;

type Component = {
  readonly purl: string;
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
};
type Sbom = { readonly components: readonly Component[] };

let packed: Packed;
/** The folder in which the package is installed, and its folder there. */
let project: string;
let installed: string;

beforeAll(async () => {
  packed = await pack();
  project = join(packed.folder, 'project');
  mkdirSync(project);
  const { status, stdout, stderr } = runIn(project, ['npm', 'install', '--offline', '--no-audit', packed.tgz]);
  if (status !== 0 || !stdout.includes('added 1 package ')) throw new Error(`npm install failed:\n${stdout}${stderr}`);
  installed = join(project, 'node_modules', 'kpromo');
});
afterAll(() => packed.remove());

describe('the npm package', () => {
  it('contains the program, its pages, schemas and an example, and nothing else', () => {
    const { docs, schemas, bundle, others } = Object.groupBy(packed.paths, (path) => {
      if (/^docs\/[a-z-]+\.md$/i.test(path)) return 'docs';
      if (/^schemas\/[a-z-]+\.schema\.json$/.test(path)) return 'schemas';
      return /^dist\/cli\/(?:page\/)?[\w.-]+\.(?:js|css)$/.test(path) ? 'bundle' : 'others';
    });
    expect(others?.filter((path) => !path.startsWith('manifests/example/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'VERSIONING.md',
      'bin/kpromo',
      'dist/THIRD_PARTY_LICENSES',
      'dist/sbom.cdx.json',
      'manifests/README.md',
      'package.json',
    ]);
    expect(schemas).toHaveLength(readdirSync(join(ROOT, 'schemas')).length);
    // Why the project is built as it is concerns its developers.
    expect(docs).toHaveLength(readdirSync(join(ROOT, 'docs')).length - 1);
    expect(bundle).toEqual(expect.arrayContaining(['dist/cli/bin.js', 'dist/cli/child.js']));
  });

  it('is small', () => {
    // 1.7 MiB to download and 7 MiB on disk when this was written; docs/decisions.md, section 55, explains the size.
    expect(packed.size).toBeLessThan(2 * MIB);
    expect(packed.unpackedSize).toBeLessThan(8 * MIB);
  });

  it('is the same for the same sources', () => {
    const again = join(packed.folder, 'again');
    execFileSync(process.execPath, [join(ROOT, 'tools', 'bundle.mjs'), again], { cwd: ROOT });
    for (const path of packed.paths.filter((one) => one.startsWith('dist/') && !one.startsWith('dist/cli/page/')))
      expect(
        readFileSync(join(again, path.slice('dist/'.length))).equals(readFileSync(join(installed, path))),
        path,
      ).toBe(true);
  });

  it('installs no other package, and runs no script when it is installed', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('peerDependencies');
    expect(Object.keys(manifest.scripts).filter((name) => /install$|^prepare$/.test(name))).toEqual([]);
    expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['kpromo']);
  });

  it('imports only its own files and modules of Node.js', () => {
    const foreign = packed.paths
      .filter((path) => path.startsWith('dist/cli/') && path.endsWith('.js'))
      .flatMap((path) => importsOf(readFileSync(join(installed, path), 'utf8')))
      .filter((name) => !name.startsWith('./') && !isBuiltin(name));
    // Packages that a dependency loads inside `try`, and does without.
    expect(new Set(foreign)).toEqual(new Set(['supports-color', 'kerberos']));
  });

  it('keeps the names of functions and classes for stack traces', () => {
    const code = packed.paths
      .filter((path) => path.startsWith('dist/cli/'))
      .map((path) => readFileSync(join(installed, path), 'utf8'))
      .join('\n');
    for (const name of ['var PromotionError = class extends', 'function runCommand', 'async function runPromotion'])
      expect(code.includes(name), name).toBe(true);
  });

  it('has the licence of each package in the bundle', () => {
    const licences = readFileSync(join(installed, 'dist', 'THIRD_PARTY_LICENSES'), 'utf8');
    const sbom = JSON.parse(readFileSync(join(installed, 'dist', 'sbom.cdx.json'), 'utf8')) as Sbom;
    const lines = new Set(licences.split('\n'));
    const missing = sbom.components.filter(
      ({ purl, licenses }) =>
        !lines.has(
          `${purl
            .replace('pkg:npm/', '')
            .replace('%40', '@')
            .replace(/@(?=[^@]*$)/, ' ')} (${licenses[0]?.license.id})`,
        ),
    );
    expect(missing).toEqual([]);
    // With its modules; undici, ioredis and Amazon's client are loaded on use.
    for (const name of ['undici 8', 'ioredis 6', '@aws-sdk/client-ecr 3', 'rolldown 1'])
      expect(licences).toContain(name);
  });

  it('names the packages in the bundle as npm does', () => {
    const own = JSON.parse(readFileSync(join(installed, 'dist', 'sbom.cdx.json'), 'utf8')) as Sbom;
    const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
    const options = { cwd: ROOT, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * MIB } as const;
    const ofNpm = JSON.parse(execFileSync('npm', args, options)) as Sbom;
    const facts = ({ purl, licenses, hashes }: Component): unknown => ({ purl, licenses, hashes });
    const known = new Map(ofNpm.components.map((one) => [one.purl, facts(one)]));
    expect(own.components.length).toBeGreaterThan(100);
    for (const one of own.components) expect(facts(one)).toEqual(known.get(one.purl));
  });
});

describe('the installed program', () => {
  const run = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = runIn(project, args);
    expect(status, stderr).toBe(0);
    return stdout;
  };

  it('starts with npx in the folder, and from the file alone in an empty one', () => {
    expect(run('npx', '--offline', 'kpromo', '--help')).toMatch(/^kpromo .*promotes container images/i);
    const empty = join(packed.folder, 'empty');
    mkdirSync(empty);
    const { status, stdout } = runIn(empty, [
      'npx',
      '--offline',
      '--yes',
      `--package=${packed.tgz}`,
      'kpromo',
      'version',
    ]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('kpromo v')]);
  });

  it('finds its version and its pages', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    const program = join(project, 'node_modules', '.bin', 'kpromo');
    expect(run(program, 'version')).toContain(`kpromo v${version}\n`);
    expect(run(program, 'explain', 'LOST')).toMatch(/^LOST\n/);
    expect(run(program, 'completion', 'bash')).toContain('kpromo');
    expect(run(program, 'validate', 'node_modules/kpromo/manifests/example')).toContain('valid');
  });

  it('promotes with a limit in Redis, metrics and every report', async (test) => {
    await using redis = await orSkip(test, () => startRedis());
    await using world = await startWorld({ google: true });
    await using tree = await writeTree([world.project('app', { v1: digestOf(1) })]);
    const reports = ['json', 'md', 'html', 'xml'].map((extension) => join(tree.path, `report.${extension}`));
    const args = [
      '--confirm',
      '--sign=false',
      `--limiter=${redis.url}`,
      `--metrics-file=${join(tree.path, 'metrics')}`,
    ];
    const flags = reports.map((path) => `--report=${path}`);
    const cli = startCli(['cip', '--manifests', tree.path, ...args, ...flags], {
      cwd: project,
      env: emptyHome(project),
      program: join(project, 'node_modules', '.bin', 'kpromo'),
    });
    const { code, stderr } = await cli.ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('level=warning')]);
    expect(world.tagsOn('prod/app')).toEqual(world.mirrors.map(() => ({ v1: digestOf(1) })));
    expect(reports.map((path) => readFileSync(path, 'utf8').length > 0)).toEqual(reports.map(() => true));
  });
});

/** Returns the modules that bundled code imports, or requires by a constant name. */
function importsOf(code: string): readonly string[] {
  const statements = code.matchAll(/^(?:import|export)\b[^"'\n]*?"([^"\n]+)";$/gm);
  // rolldown writes double quotes; text in messages has single ones.
  const calls = code.matchAll(/\b(?:import|require|__require)\("([^"\n]+)"\)/g);
  return [...statements, ...calls].map(([, name = '']) => name);
}
