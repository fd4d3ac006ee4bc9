import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Path of the example tree, in the project and in a copy. */
export const EXAMPLE = 'manifests/example';

/** The registries in the committed tree: staging, and three mirrors. */
export const COMMITTED_HOSTS = ['localhost:5000', 'localhost:5001', 'localhost:5002', 'localhost:5003'] as const;

/** A copy of the example tree in its own folder. */
export type TreeCopy = Disposable & { readonly folder: string };

/** Copies the committed tree, with its hosts replaced by others in the same order. */
export function copyTree(project: string, hosts: readonly string[]): TreeCopy {
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-demo-'));
  const root = join(folder, EXAMPLE);
  cpSync(join(project, EXAMPLE), root, { recursive: true });
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml')))
    writeFileSync(join(root, file), withHosts(readFileSync(join(root, file), 'utf8'), hosts));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

// in one pass: a free port may be one of those that are replaced
function withHosts(text: string, hosts: readonly string[]): string {
  return text.replaceAll(/localhost:500[0-3]\b/g, (host) => {
    const index = COMMITTED_HOSTS.findIndex((committed) => committed === host);
    return hosts[index] ?? host;
  });
}
