import { readFile } from 'node:fs/promises';

/** Returns the version of this package with a leading `v`, for example `v0.1.0`. */
export async function versionName(): Promise<string> {
  // src/cli and the bundle in dist/cli are at the same depth below package.json
  const file = new URL('../../package.json', import.meta.url);
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  if (typeof version !== 'string') throw new Error(`${file.pathname} has no version`);
  return `v${version}`;
}

/** Returns the output of `kpromo version`. */
export async function versionText(): Promise<string> {
  return `kpromo ${await versionName()}\nnode:     ${process.version}\nplatform: ${process.platform}/${process.arch}\n`;
}

/** Returns the first line of a run's log, which starts like upstream's. */
export async function versionLine(): Promise<string> {
  return `kpromo ${await versionName()} (node: ${process.version}, platform: ${process.platform}/${process.arch})`;
}
