import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ensureBuilt } from '../built-cli.ts';
import { ACTION_ROOT } from './composite.ts';

/** An npm registry with this project's package, packed as a release packs it. */
export type TestNpm = {
  readonly url: string;
  readonly version: string;
  /** How often the package was downloaded. */
  downloads(): number;
};

/** Starts a registry that ends with the test. */
export async function startNpm(): Promise<TestNpm> {
  await ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-npm-'));
  const args = ['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: ACTION_ROOT, encoding: 'utf8' })) as [
    { filename: string },
  ];
  const bytes = readFileSync(join(folder, filename));
  rmSync(folder, { recursive: true });
  const { name, version, bin, engines } = JSON.parse(readFileSync(join(ACTION_ROOT, 'package.json'), 'utf8')) as {
    readonly [key: string]: string;
  };
  let downloads = 0;
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}`;
    if (request.url === '/kpromo') {
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const dist = { tarball: `${url}/kpromo.tgz`, integrity };
      const versions = { [version ?? '']: { name, version, bin, engines, dist } };
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
    } else if (request.url === '/kpromo.tgz') {
      downloads += 1;
      response.end(bytes);
    } else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, version: version ?? '', downloads: () => downloads };
}
