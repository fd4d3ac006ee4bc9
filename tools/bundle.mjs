// node tools/bundle.mjs FOLDER
//
// Bundles the program with its dependencies into FOLDER/cli: `bin.js`, `child.js` for the children of --processes,
// `main.js` and `exit-codes.js` for tests, and a chunk for each part that is loaded on use. Loading a dry run takes about
// half the processor time that its 495 modules took. Beside them it writes the licences of the packages in the bundle, and
// their list as an SBOM.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { rolldown } from 'rolldown';

import { bundledPackages, licenceTexts, sbomOf } from './bundled.mjs';

/** Packages that a dependency loads only if they are installed: `debug` colors its output by the first. */
const OPTIONAL = ['supports-color'];

const [folder] = process.argv.slice(2);

const bundle = await rolldown({
  input: {
    bin: 'src/cli/bin.ts',
    child: 'src/cli/processes/child.ts',
    main: 'src/cli/main.ts',
    'exit-codes': 'src/cli/exit-codes.ts',
  },
  platform: 'node',
  external: OPTIONAL,
  // Bottleneck evaluates `require("ioredis")` only if it is not given the class, and it is.
  checks: { eval: false },
  // A warning is a mistake, such as an import that cannot be resolved and would fail only when it runs.
  onLog: (_level, log) => {
    throw new Error(log.message);
  },
});
const { output } = await bundle.write({
  dir: join(folder, 'cli'),
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Errors and log lines contain names of classes.
  keepNames: true,
  // A tenth of the bundle. What @__PURE__ and the like said is done; licences are in THIRD_PARTY_LICENSES.
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();

const root = process.cwd();
const project = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = bundledPackages(
  output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])),
  root,
);
const locked = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
writeFileSync(join(folder, 'THIRD_PARTY_LICENSES'), licenceTexts(packages));
// A name by which scanners of images find it.
const sbom = JSON.stringify(sbomOf(project, packages, locked, root), undefined, 1);
writeFileSync(join(folder, 'sbom.cdx.json'), `${sbom}\n`);
