import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, gitServices, type TestRepository } from '../../../test/support/git.ts';
import { manifestFacts } from './manifest-facts.ts';

async function repository(): Promise<TestRepository> {
  const made = await createRepository();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

describe('src/cli/wiring/manifest-facts.ts', () => {
  it('returns path, commit and repository address without credentials', async () => {
    const made = await repository();
    const head = await made.commit({ 'prod/images/app/images.yaml': '[]\n' });
    made.git('remote', 'add', 'origin', 'https://user:secret@git.test/acme/tree.git');
    const tree = join(made.path, 'prod');
    const factOf = await manifestFacts({ manifests: tree }, gitServices());
    expect(factOf(join(tree, 'images/app/images.yaml'))).toEqual({
      name: 'prod/images/app/images.yaml',
      gitCommit: head,
      uri: 'git+https://git.test/acme/tree',
    });
  });

  it('uses the repository of the Prow job for a plain manifest without a remote', async () => {
    const made = await repository();
    const head = await made.commit({ 'plain/once.yaml': '{}\n' });
    const file = join(made.path, 'plain/once.yaml');
    const services = gitServices();
    const env = { ...services.env, JOB_SPEC: JSON.stringify({ refs: { org: 'acme', repo: 'tree' } }) };
    const factOf = await manifestFacts({ manifest: file }, { ...services, env });
    expect(factOf(file)).toEqual({ name: 'plain/once.yaml', gitCommit: head, uri: 'git+https://github.com/acme/tree' });
  });

  it('returns only the name outside a repository', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kpromo-facts-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const factOf = await manifestFacts({ manifests: folder }, gitServices());
    expect(factOf('images/app/images.yaml')).toEqual({ name: 'images/app/images.yaml' });
  });
});
