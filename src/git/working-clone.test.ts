import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, gitServices, type TestRepository } from '../../test/support/git.ts';
import { cloneBranch, configuredAuthor, type Remote, type WorkingClone } from './working-clone.ts';

const AUTHOR = { name: 'Alice', email: 'alice@acme.example' };
const remoteOf = ({ path }: TestRepository): Remote => ({ url: `file://${path}`, authorization: undefined });

type World = { readonly base: TestRepository; readonly fork: TestRepository; readonly clone: WorkingClone };

async function world(): Promise<World> {
  const parent = await mkdtemp(join(tmpdir(), 'kpromo-clone-'));
  const [base, fork] = [await createRepository(), await createRepository()];
  onTestFinished(async () => {
    await Promise.all([base, fork].map((one) => one[Symbol.asyncDispose]()));
    await rm(parent, { recursive: true, force: true });
  });
  await base.commit({ 'list.yaml': '- a\n' });
  await base.commit({ 'list.yaml': '- a\n- b\n' });
  fork.git('pull', '--quiet', `file://${base.path}`, 'main');
  return { base, fork, clone: await cloneBranch(parent, remoteOf(base), 'main', gitServices()) };
}

async function committed({ clone }: World, text: string): Promise<string> {
  await writeFile(join(clone.folder, 'list.yaml'), text);
  return clone.commit('list.yaml', 'Add one', AUTHOR);
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('src/git/working-clone.ts', () => {
  it('commits one file, with the time of the commit before it', async () => {
    const all = await world();
    await writeFile(join(all.clone.folder, 'other.txt'), 'not meant');
    const commit = await committed(all, '- a\n- b\n- c\n');
    await all.clone.push(remoteOf(all.fork), 'proposal', undefined);
    expect(all.fork.git('log', '-1', '--format=%H %an %ae %ct', 'proposal')).toBe(
      `${commit} Alice alice@acme.example ${all.base.git('log', '-1', '--format=%ct')}`,
    );
    expect(all.fork.git('diff', '--numstat', 'main', 'proposal')).toBe('1\t0\tlist.yaml');
    expect(await all.clone.tip(remoteOf(all.fork), 'proposal')).toEqual({ commit, subject: 'Add one' });
    expect(await all.clone.tip(remoteOf(all.fork), 'nothing')).toBeUndefined();
  });

  it('does not overwrite a branch that has changed since it was looked at', async () => {
    const all = await world();
    await committed(all, '- a\n- b\n- c\n');
    all.fork.git('checkout', '--quiet', '-b', 'proposal');
    const known = await all.fork.commit({ 'list.yaml': '- by another run\n' });
    all.fork.git('checkout', '--quiet', 'main');
    const stale = all.fork.git('rev-parse', 'main');
    for (const expected of [undefined, stale])
      await expect(all.clone.push(remoteOf(all.fork), 'proposal', expected)).rejects.toMatchObject({
        code: 'GIT',
        hint: 'another run changed the branch: run again',
      });
    expect(all.fork.git('rev-parse', 'proposal')).toBe(known);
    await all.clone.push(remoteOf(all.fork), 'proposal', known);
    expect(all.fork.git('rev-parse', 'proposal^')).toBe(all.base.git('rev-parse', 'main'));
  });

  it('reaches servers only by the schemes of repositories on servers', async () => {
    const { clone } = await world();
    const url = `ext::touch ${join(clone.folder, 'pwned')}`;
    await expect(clone.tip({ url, authorization: undefined }, 'main')).rejects.toMatchObject({ code: 'GIT' });
  });

  it('sends the header to no server that another one names', async () => {
    const asked: (string | undefined)[] = [];
    const elsewhere = await serving((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    const first = await serving((request, response) => {
      asked.push(`first ${request.headers.authorization}`);
      response.writeHead(302, { location: `${elsewhere}${request.url}` }).end();
    });
    const parent = await mkdtemp(join(tmpdir(), 'kpromo-clone-'));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const remote = { url: `${first}/a/b.git`, authorization: 'Basic c2VjcmV0' };
    await expect(cloneBranch(parent, remote, 'main', gitServices())).rejects.toMatchObject({ code: 'GIT' });
    expect(asked).toEqual(['first Basic c2VjcmV0']);
  });

  it('throws GIT for a missing branch, with a hint', async () => {
    const { base, clone } = await world();
    const parent = join(clone.folder, '..', '..');
    await expect(cloneBranch(parent, remoteOf(base), 'nope', gitServices())).rejects.toMatchObject({
      code: 'GIT',
      message: expect.stringContaining('nope') as string,
      hint: 'check --repo, --fork and the name of the branch',
    });
  });

  it('reads the author of commits from the configuration of git', async () => {
    const { base } = await world();
    expect(await configuredAuthor(base.path, gitServices())).toEqual({});
    base.git('config', 'user.name', 'Alice');
    expect(await configuredAuthor(base.path, gitServices())).toEqual({ name: 'Alice' });
  });
});
