// node tools/bundle.mjs FOLDER
//
// Bundles the program with its dependencies into FOLDER: `bin.js`, `child.js` for the children of --processes, and a chunk
// for each part that is loaded on use. Loading a dry run takes about half the processor time that its 495 modules took.
import { rolldown } from 'rolldown';

/** Packages that a dependency loads only if they are installed: `debug` colors its output by the first. */
const OPTIONAL = ['supports-color'];

const [folder] = process.argv.slice(2);

const bundle = await rolldown({
  input: { bin: 'src/cli/bin.ts', child: 'src/cli/processes/child.ts' },
  platform: 'node',
  external: OPTIONAL,
  // Bottleneck evaluates `require("ioredis")` only if it is not given the class, and it is.
  checks: { eval: false },
  // A warning is a mistake, such as an import that cannot be resolved and would fail only when it runs.
  onLog: (_level, log) => {
    throw new Error(log.message);
  },
});
await bundle.write({
  dir: folder,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Errors and log lines contain names of classes.
  keepNames: true,
});
await bundle.close();
