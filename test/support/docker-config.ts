import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A user of a registry. */
type Login = { readonly host: string; readonly user: string; readonly password: string };

/** A folder for DOCKER_CONFIG whose config.json holds these logins; gone when disposed of. */
export async function dockerLogins(logins: readonly Login[]): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-docker-config-'));
  const auths = logins.map(({ host, user, password }) => [
    host,
    { auth: Buffer.from(`${user}:${password}`).toString('base64') },
  ]);
  await writeFile(join(path, 'config.json'), JSON.stringify({ auths: Object.fromEntries(auths) }));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
