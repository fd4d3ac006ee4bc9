import { globSync, readFileSync } from 'node:fs';
import { FAILSAFE_SCHEMA, load } from 'js-yaml';

// node yaml.ts FOLDER: parses every YAML file below the folder and does nothing with it. The least that a program has to do
// to read a tree.

let bytes = 0;
for (const file of globSync(`${process.argv[2] ?? ''}/**/*.yaml`)) {
  const text = readFileSync(file, 'utf8');
  bytes += text.length;
  load(text, { schema: FAILSAFE_SCHEMA });
}
process.stdout.write(`${bytes}\n`);
