import { access, appendFile, chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, gitServices, NOON, type TestRepository } from '../../test/support/git.ts';
import { openRepository } from './repository.ts';

let made: TestRepository;
let evil: string;
let marker: string;
/** True once anything of the repository was started. */
const wasStarted = (): Promise<boolean> =>
  access(marker).then(
    () => true,
    () => false,
  );
const configure = (text: string): Promise<void> => appendFile(join(made.path, '.git/config'), text);

/** Everything that the program asks of a repository. */
async function askEverything(folder = made.path): Promise<void> {
  const repository = await openRepository(folder, gitServices());
  const head = await repository.commit('HEAD');
  await repository.parent(head);
  await repository.oldestSince(NOON);
  await repository.lastBefore(NOON);
  await repository.isShallow();
  await repository.origin();
  const { commits } = await repository.ownBranch(head);
  const changes = await repository.changes(commits, '');
  await repository.sizes([...changes.values()].flatMap((files) => files.flatMap(({ file }) => file?.id ?? [])));
  await repository.mergeBase(head, head);
  const files = await repository.list(head, '');
  await repository.read(files.filter(({ kind }) => kind !== 'submodule').map(({ id }) => id));
}

beforeEach(async () => {
  made = await createRepository();
  await made.commit({ 'a.yaml': '1', '.gitattributes': '* filter=evil diff=evil merge=evil\n' });
  await made.commit({ 'a.yaml': '2' });
  marker = join(made.path, 'pwned');
  evil = join(made.path, '.git', 'evil.sh');
  await writeFile(evil, `#!/bin/sh\ntouch ${marker}\nexec cat\n`);
  await chmod(evil, 0o755);
});
afterEach(() => made[Symbol.asyncDispose]());

describe('src/git on hostile repositories', () => {
  it('starts no hook, monitor, filter, text conversion, pager, alias or credential helper', async () => {
    await configure(`
[core]
  fsmonitor = ${evil}
  pager = ${evil}
  hooksPath = ${join(made.path, '.git')}
  sshCommand = ${evil}
  editor = ${evil}
  askPass = ${evil}
[pager]
  rev-list = ${evil}
  config = ${evil}
[filter "evil"]
  clean = ${evil}
  smudge = ${evil}
  process = ${evil}
  required = true
[diff "evil"]
  textconv = ${evil}
  command = ${evil}
[diff]
  external = ${evil}
[alias]
  rev-parse = !${evil}
  rev-list = !${evil}
  cat-file = !${evil}
  ls-tree = !${evil}
[credential]
  helper = !${evil}
[log]
  showSignature = true
[gpg]
  program = ${evil}
`);
    // the filter is really there: git's own status would start it, since only the content tells that as many bytes are others
    await made.write({ 'a.yaml': '3' });
    await askEverything();
    expect(await wasStarted()).toBe(false);
    expect(() => made.git('status')).toThrow(/evil/);
    expect(await wasStarted()).toBe(true);
  });

  it('asks no remote for objects that a partial clone lacks', async () => {
    const missing = made.git('rev-parse', 'HEAD:a.yaml');
    await rename(join(made.path, '.git/objects', missing.slice(0, 2), missing.slice(2)), join(made.path, '.git/gone'));
    await configure(`
[core]
  repositoryFormatVersion = 1
[extensions]
  partialClone = origin
[remote "origin"]
  url = ext::${evil}
  promisor = true
  partialclonefilter = blob:none
  uploadpack = ${evil}
`);
    await expect(askEverything()).rejects.toMatchObject({ code: 'GIT', hint: expect.stringContaining('--filter') });
    expect(await wasStarted()).toBe(false);
  });

  it('does not take a folder of the tree for a repository of its own', async () => {
    const bare = join(made.path, 'tree');
    await made.write({
      'tree/HEAD': 'ref: refs/heads/main\n',
      'tree/config': `[core]\nbare = true\nfsmonitor = ${evil}\n`,
    });
    for (const folder of ['objects', 'refs']) await mkdir(join(bare, folder));
    await expect(openRepository(bare, gitServices())).rejects.toMatchObject({ code: 'GIT' });
    expect(await wasStarted()).toBe(false);
  });

  it('tells apart objects of more bytes than a pipe holds', async () => {
    const huge = 'x'.repeat(5_000_000);
    await made.commit({ 'huge.yaml': huge, 'small.yaml': 'small' });
    const repository = await openRepository(made.path, gitServices());
    const files = await repository.list(await repository.commit('HEAD'), '');
    const objects = await repository.read(files.map(({ id }) => id));
    const sizes = new Map(files.map(({ path, id }) => [path, objects.get(id)?.length]));
    expect([sizes.get('huge.yaml'), sizes.get('small.yaml')]).toEqual([5_000_000, 5]);
  });

  it('ignores the repository that a hook names in its environment', async () => {
    await using other = await createRepository();
    await other.commit({ b: '1' });
    const services = gitServices();
    const env = { ...services.env, GIT_DIR: join(other.path, '.git'), GIT_WORK_TREE: other.path };
    const repository = await openRepository(made.path, { ...services, env });
    expect(repository.topLevel).toBe(made.path);
    expect(await repository.commit('HEAD')).toBe(made.git('rev-parse', 'HEAD'));
  });
});
