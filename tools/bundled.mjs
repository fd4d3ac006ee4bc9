// Which packages a bundle contains, their licences, and the SBOM of the result.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

/** Licences, by SPDX identifier, under which a package may be part of a program that is distributed under Apache-2.0. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** The texts of licences that packages name without a copy of the text. Apache-2.0 is the text of this project's LICENSE. */
const TEXTS = {
  'Apache-2.0': () => readFileSync(join(import.meta.dirname, '..', 'LICENSE'), 'utf8'),
  ISC: (holder) => `ISC License

Copyright (c) ${holder}

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF
CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`,
  MIT: (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`,
};

/**
 * Returns the packages to which modules belong, by name and version. A package that is installed twice in one version is
 * listed once.
 *
 * @param {Iterable<string>} modules the identifiers that rolldown gives the modules of a bundle
 * @param {string} root the folder with node_modules
 */
export function bundledPackages(modules, root) {
  const folders = new Set([...modules].flatMap((id) => folderOf(id, root) ?? []));
  const packages = new Map();
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    packages.set(`${manifest.name}@${manifest.version}`, { folder, manifest });
  }
  return [...packages].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, found]) => found);
}

/** Returns the folder of the package that has a module; undefined for a module of the program. */
function folderOf(id, root) {
  // The helpers that rolldown adds to a bundle are its own code.
  if (id.startsWith('\0rolldown/')) return join(root, 'node_modules', 'rolldown');
  const marker = `${sep}node_modules${sep}`;
  const start = id.lastIndexOf(marker);
  if (start < 0) return undefined;
  const parts = id.slice(start + marker.length).split(sep);
  return id.slice(0, start + marker.length) + parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join(sep);
}

/**
 * Returns the texts of all licences and notices, each once, with the packages to which it applies. Throws an error if a
 * package has a licence that is not allowed, or one whose text cannot be found.
 */
export function licenceTexts(packages) {
  const byText = new Map();
  for (const one of packages) {
    const text = textsOf(one).join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), `${one.manifest.name} ${one.manifest.version} (${licenceOf(one)})`]);
  }
  const rule = '-'.repeat(80);
  const sections = [...byText].map(([text, names]) => `${rule}\n\n${names.join('\n')}\n\n${text}\n`);
  return `kpromo contains the following packages, under these licences.\n\n${sections.join('\n')}`;
}

function licenceOf({ manifest }) {
  const { name, version, license } = manifest;
  if (ALLOWED.includes(license)) return license;
  throw new Error(
    `${name} ${version}: the licence ${JSON.stringify(license)} is not allowed; expected one of ${ALLOWED.join(', ')}`,
  );
}

function textsOf(one) {
  const files = readdirSync(one.folder).toSorted();
  const read = (pattern) =>
    files.filter((file) => pattern.test(file)).map((file) => readFileSync(join(one.folder, file), 'utf8').trim());
  const licences = read(/^(?:licen[cs]e|copying)(?:[.-]|$)/i);
  return [...(licences.length > 0 ? licences : [namedText(one)]), ...read(/^notice(?:\.|$)/i)];
}

/** Returns the text of a licence that a package names but does not contain, unless its README does. */
function namedText(one) {
  const { name, version, author } = one.manifest;
  const readme = join(one.folder, 'README.md');
  const [, own] = (existsSync(readme) && /^#+ licen[cs]e\s*\n([^]*)/im.exec(readFileSync(readme, 'utf8'))) || [];
  if (own !== undefined && /copyright/i.test(own)) return own.trim();
  const licence = licenceOf(one);
  const holder = typeof author === 'string' ? author : author?.name;
  if (TEXTS[licence] === undefined || holder === undefined)
    throw new Error(
      `${name} ${version}: the package has no text of its licence ${licence}; add the text to ${basename(import.meta.filename)}`,
    );
  return TEXTS[licence](holder).trim();
}

/**
 * Returns the SBOM of the program in CycloneDX's format. It has no time and no serial number: the same sources give the same
 * file.
 *
 * @param {{ name: string, version: string, license: string }} project
 * @param {Readonly<Record<string, { version: string, integrity?: string }>>} locked the packages of package-lock.json
 */
export function sbomOf(project, packages, locked, root) {
  const component = ({ manifest, folder }) => ({
    type: 'library',
    ...identityOf(manifest),
    ...hashesOf(locked[folder.slice(root.length + 1).replaceAll(sep, '/')]),
  });
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', ...identityOf(project) } },
    components: packages.map(component),
  };
}

function identityOf({ name, version, license }) {
  // https://github.com/package-url/purl-spec: the @ of a scope is percent-encoded.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { 'bom-ref': purl, name, version, purl, licenses: [{ license: { id: license } }] };
}

/** Returns no hash for a package that is not locked; a test checks that all are. */
function hashesOf({ integrity } = {}) {
  if (!integrity?.startsWith('sha512-')) return {};
  return { hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }] };
}
