import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A program of that name on a PATH of its own; what it shall do is Node's JavaScript, with `args`, `reference` and `log`, a file of its own. */
export type FakeProgram = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The arguments, the folder and the environment of each run so far, in order. */
  runs(): Promise<readonly ProgramRun[]>;
  /** What it does from now on. */
  does(script: string): Promise<void>;
};

type ProgramRun = {
  readonly args: readonly string[];
  readonly folder: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

const before = (log: string): string => `
const log = ${JSON.stringify(log)};
const { appendFileSync, existsSync, readdirSync } = require('node:fs');
const args = process.argv.slice(2);
const reference = args.findLast((arg) => arg.includes('@sha256:'))?.replace('registry:', '');
appendFileSync(log, JSON.stringify({ args, folder: process.cwd(), files: readdirSync('.'), env: process.env }) + '\\n');
`;

/** Writes the program; it lives as long as the test. */
export async function fakeProgram(name: string, script: string): Promise<FakeProgram> {
  const folder = await mkdtemp(join(tmpdir(), `kpromo-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [program, log] = [join(folder, name), join(folder, 'log')];
  await writeFile(log, '');
  const does = async (body: string): Promise<void> => {
    await writeFile(program, `#!${process.execPath}\n${before(log)}\n${body}\n`);
    await chmod(program, 0o755);
  };
  await does(script);
  return {
    env: { PATH: `${folder}${delimiter}/usr/bin${delimiter}/bin` },
    does,
    runs: async () => {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as ProgramRun);
    },
  };
}

/** A script that prints this report, with the image that was asked for in place of REFERENCE. */
export function printing(report: unknown): string {
  return `process.stdout.write(${JSON.stringify(JSON.stringify(report))}.replaceAll('REFERENCE', reference));`;
}
