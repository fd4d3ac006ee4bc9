import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { cachedJudge, goProblem, JUDGES } from './judges.ts';

/** Where a program is, or one line on why it is not here and what would bring it. */
export type Found = { readonly path: string } | { readonly reason: string };

/** What `orSkip` needs of a test's or a hook's context. */
export type Skippable = { readonly skip: (note: string) => never };

/** Something a test needs is not on this machine, and on this machine that is no failure. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
}

/** Finds a program: in its own variable (KPROMO_CRANE for crane), then among the built judges, then on PATH. */
export function findProgram(name: string): Found {
  const variable = `KPROMO_${name.toUpperCase().replaceAll('-', '_')}`;
  const named = process.env[variable];
  if (named)
    return isExecutable(named)
      ? { path: named }
      : { reason: `${name}: ${variable} names ${named}, which is no executable file` };
  const judge = JUDGES.find((one) => one.name === name);
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [...(judge ? [cachedJudge(judge)] : []), ...folders.map((folder) => join(folder, name))];
  const path = candidates.find(isExecutable);
  if (path !== undefined) return { path };
  if (judge === undefined) return { reason: `${name} is not on PATH (on Debian: apt-get install ${name})` };
  return { reason: `${name} is not here: ${goProblem(judge) ?? 'build it with `npm run judges`'}` };
}

/** The program's path; without it throws MissingProgram, or where programs are required an error that fails the test. */
export function requireProgram(name: string): string {
  const found = findProgram(name);
  if ('path' in found) return found.path;
  throw missing(found.reason, name);
}

/** The error for something that is not here; `name` is the program, when it is one. */
export function missing(reason: string, name?: string): Error {
  return mayBeMissing(name) ? new MissingProgram(reason) : new Error(`required in CI: ${reason}`);
}

/** Resolves to what `start` gives, and skips the test, with the reason as its note, when that throws MissingProgram. */
export async function orSkip<T>(test: Skippable, start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof MissingProgram) return test.skip(error.message);
    throw error;
  }
}

/** Everything may be missing on somebody's laptop; in CI only what Go would have built, where Go is missing. */
function mayBeMissing(name: string | undefined): boolean {
  const inCi = !['', 'false', '0'].includes(process.env['CI'] ?? '');
  if (!inCi && process.env['KPROMO_REQUIRE_PROGRAMS'] !== '1') return true;
  const judge = JUDGES.find((one) => one.name === name);
  return judge !== undefined && goProblem(judge) !== undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
