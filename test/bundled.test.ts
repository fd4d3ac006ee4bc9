import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error: a script for Node 20, without types
import { bundledPackages, licenceTexts, sbomOf } from '../tools/bundled.mjs';

describe('the licences of a bundle', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kpromo-bundled-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** Installs a package, and returns the name of one of its modules. */
  const install = (folder: string, manifest: object, files: Readonly<Record<string, string>> = {}): string => {
    const path = join(root, 'node_modules', folder);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name: folder, version: '1.0.0', ...manifest }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return join(path, 'lib', 'index.js');
  };
  const licences = (...modules: readonly string[]): string => licenceTexts(bundledPackages(modules, root)) as string;

  it('repeats no text, and adds notices', () => {
    const text = licences(
      install('a', { license: 'MIT' }, { LICENSE: 'same text' }),
      install('@b/c', { license: 'MIT' }, { 'license.md': 'same text\n' }),
      install('d', { license: 'Apache-2.0' }, { 'LICENSE.txt': 'other text', NOTICE: 'made by D' }),
      join(root, 'src', 'main.ts'),
    );
    expect(text).toContain('\n@b/c 1.0.0 (MIT)\na 1.0.0 (MIT)\n\nsame text\n');
    expect(text).toContain('\nd 1.0.0 (Apache-2.0)\n\nother text\n\nmade by D\n');
    expect(text.split('same text')).toHaveLength(2);
  });

  it('belong to the innermost package of a module', () => {
    install('a', { license: 'GPL-3.0-only' });
    const nested = install(join('a', 'node_modules', 'b'), { name: 'b', license: 'ISC' }, { LICENSE: 'text of b' });
    expect(licences(nested)).toContain('b 1.0.0 (ISC)\n\ntext of b');
  });

  it('include that of the bundler, which adds functions of its own', () => {
    install('rolldown', { license: 'MIT' }, { LICENSE: 'text of rolldown' });
    expect(licences('\0rolldown/runtime.js')).toContain('text of rolldown');
  });

  it('are taken from the README, or written for the author, if a package has no file', () => {
    const readme = '# a\n\n## License\n\nCopyright A\n\nText of A\n';
    expect(licences(install('a', { license: 'MIT' }, { 'README.md': readme }))).toContain('Copyright A\n\nText of A\n');
    const written = licences(install('b', { license: 'ISC', author: { name: 'B Inc.' } }));
    expect(written).toMatch(/b 1\.0\.0 \(ISC\)\n\nISC License\n\nCopyright \(c\) B Inc\.\n/);
    expect(licences(install('c', { license: 'Apache-2.0', author: 'C' }))).toContain('END OF TERMS AND CONDITIONS');
  });

  it.each(['GPL-3.0-only', 'MIT OR GPL-3.0-only', 'SEE LICENSE IN LICENSE', undefined])('rejects %s', (license) => {
    const module = install('a', { license }, { LICENSE: 'text' });
    expect(() => licences(module)).toThrow(
      /^a 1\.0\.0: the licence .* is not allowed; expected one of 0BSD, Apache-2\.0, /,
    );
  });

  it('rejects a licence without a text', () => {
    expect(() => licences(install('a', { license: 'MIT' }))).toThrow(
      'a 1.0.0: the package has no text of its licence MIT',
    );
    expect(() => licences(install('b', { license: 'BSD-3-Clause', author: 'B' }))).toThrow(
      'b 1.0.0: the package has no text of its licence BSD-3-Clause',
    );
  });

  it('are in the SBOM, with the hashes of the lock file', () => {
    const packages: unknown = bundledPackages([install('@a/b', { license: 'MIT' })], root);
    const locked = { 'node_modules/@a/b': { version: '1.0.0', integrity: 'sha512-AQI=' } };
    expect(sbomOf({ name: 'p', version: '2.0.0', license: 'ISC' }, packages, locked, root)).toMatchObject({
      metadata: { component: { type: 'application', purl: 'pkg:npm/p@2.0.0', licenses: [{ license: { id: 'ISC' } }] } },
      components: [
        {
          purl: 'pkg:npm/%40a/b@1.0.0',
          licenses: [{ license: { id: 'MIT' } }],
          hashes: [{ alg: 'SHA-512', content: '0102' }],
        },
      ],
    });
  });
});
