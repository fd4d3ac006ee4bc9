// node tools/release.mjs check TAG     fails unless package.json and CHANGELOG.md have the version of the tag
// node tools/release.mjs notes TAG     prints the part of CHANGELOG.md for the version
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

class Stop extends Error {}

/** @param {readonly string[]} args */
function main([command, tag = '', root = join(import.meta.dirname, '..')]) {
  const version = versionOf(tag);
  const notes = notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  if (command === 'notes') return notes;
  if (command !== 'check') throw new Stop(`release: unknown command "${command}"; use check or notes`);
  for (const file of ['package.json', 'package-lock.json']) {
    const found = JSON.parse(readFileSync(join(root, file), 'utf8')).version;
    if (found !== version)
      throw new Stop(`${file}: the version is ${found}; expected ${version}, as in the tag ${tag}`);
  }
  return `${tag}: package.json and CHANGELOG.md agree`;
}

function versionOf(tag) {
  const [, version] = /^v(\d+\.\d+\.\d+)$/.exec(tag) ?? [];
  if (version === undefined) throw new Stop(`tag "${tag}": not a version; expected vMAJOR.MINOR.PATCH`);
  return version;
}

/** Returns the text below the heading of a version, without the heading. */
function notesOf(changelog, version) {
  const sections = changelog.split(/^## /m);
  const section = sections.find((text) =>
    new RegExp(`^\\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d\\n`).test(text),
  );
  if (section === undefined)
    throw new Stop(`CHANGELOG.md: no section for ${version}; expected the heading "## [${version}] - YYYY-MM-DD"`);
  const notes = section.slice(section.indexOf('\n')).trim();
  if (notes === '') throw new Stop(`CHANGELOG.md: the section of ${version} is empty; expected what users notice`);
  return notes;
}

try {
  console.log(main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
