import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Screen } from './screen.ts';

/** The working folder of the CLI, and the environment with identity and Sigstore. */
export type Place = { readonly folder: string; readonly env: Readonly<Record<string, string>> };

/** Prints how to type the commands of the demo, and waits for a signal. */
export async function keep({ folder, env }: Place, bin: string, screen: Screen): Promise<void> {
  const file = join(folder, 'env.sh');
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  writeFileSync(file, `cd ${quoted(folder)}\nexport PATH=${quoted(bin)}:"$PATH"\n${variables.join('')}`);
  screen.heading('Try it yourself: the registries are still running');
  screen.text('In another terminal, run this first. Then you can type the commands above unchanged:');
  screen.command(['.', file]);
  screen.text('Press Ctrl-C here to stop the registries.');
  await stopped();
}

async function stopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
