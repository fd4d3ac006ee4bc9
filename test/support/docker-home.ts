import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Credential } from '../../src/http/credentials/credential.ts';
import { dockerConfig } from '../../src/http/credentials/docker/config.ts';
import { fakeClock } from './fake-clock.ts';

const forever = new AbortController().signal;

type DockerHome = {
  readonly home: string;
  ask(host: string, env?: Record<string, string>, repository?: string): Promise<Credential | undefined>;
};

/** A home folder with these files, JSON unless it is text. */
export async function dockerHome(files: Record<string, unknown>): Promise<DockerHome> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
  }
  const given = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder };
  return {
    home: folder,
    ask: (host, env = {}, repository) =>
      dockerConfig({ clock: fakeClock(), home: folder, env: { ...given, ...env } })(host, forever, { repository }),
  };
}
