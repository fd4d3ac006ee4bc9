import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Screen } from './screen.ts';

/** Where the CLI runs, and the environment that tells it who signs, and with which Sigstore. */
export type Place = { readonly folder: string; readonly env: Readonly<Record<string, string>> };

/** Says how to type the commands of the demo, and waits until it is stopped. */
export async function keep({ folder, env }: Place, bin: string, screen: Screen): Promise<void> {
  const file = join(folder, 'env.sh');
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  writeFileSync(file, `cd ${quoted(folder)}\nexport PATH=${quoted(bin)}:"$PATH"\n${variables.join('')}`);
  screen.heading('Now you: the registries are still there');
  screen.text(
    'In another terminal this sets up all that the commands above need, and then they can be typed as they are:',
  );
  screen.command(['.', file]);
  screen.text('Press Ctrl-C here when you are done.');
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
