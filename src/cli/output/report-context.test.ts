import { describe, expect, it } from 'vitest';
import { gitServices, createRepository } from '../../../test/support/git.ts';
import { commandText, jobAddress, reportContext } from './report-context.ts';

/** A source with a path only. */
const SOURCE = { allTrees: false, manifest: undefined, thinManifestDir: undefined, allowRegistries: [] };

const SECRET = 'hunter2hunter2';

describe('src/cli/output/report-context.ts', () => {
  it('quotes the command line for a shell', () => {
    expect(commandText(['cip', '--manifests', 'my tree', "--primary-registry=it's/*"])).toBe(
      `kpromo cip --manifests 'my tree' '--primary-registry=it'\\''s/*'`,
    );
  });

  it.each([
    ['a password in an address', [`--limiter=redis://user:${SECRET}@redis.example:6379`]],
    ['a password in an address that is a separate word', ['--limiter', `rediss://:${SECRET}@redis.example`]],
    ['a query', [`--rekor-url=https://rekor.example/?key=${SECRET}`]],
    ['a token', [`--identity-token=${SECRET}`]],
  ])('hides %s', (_, argv) => {
    const text = commandText(['cip', ...argv]);
    expect(text).not.toContain(SECRET);
    expect(text).toContain('…');
  });

  it.each([
    [
      'GitHub Actions',
      { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'acme/k8s.io', GITHUB_RUN_ID: '7' },
      'https://github.com/acme/k8s.io/actions/runs/7',
    ],
    ['GitLab', { CI_JOB_URL: 'https://gitlab.example/acme/-/jobs/7' }, 'https://gitlab.example/acme/-/jobs/7'],
    ['Jenkins', { BUILD_URL: 'https://jenkins.example/job/p/7/' }, 'https://jenkins.example/job/p/7/'],
    ['Prow', { JOB_NAME: 'post-promote', BUILD_ID: '1850' }, 'post-promote 1850'],
    ['a script as an address', { BUILD_URL: 'javascript:alert(1)' }, undefined],
    ['no job', {}, undefined],
  ])('returns the job of %s', (_, env, address) => {
    expect(jobAddress(env)).toBe(address);
  });

  it('returns the tree and its commit', async () => {
    await using repository = await createRepository();
    const commit = await repository.commit({ 'manifests/p/promoter-manifest.yaml': 'registries: []\n' });
    const context = await reportContext(['cip'], { ...SOURCE, manifests: repository.path }, gitServices());
    expect(context).toEqual({ command: 'kpromo cip', tree: repository.path, commit });
  });

  it('returns a missing tree by name without failing', async () => {
    const options = { ...SOURCE, manifests: '/nonexistent/tree' };
    expect(await reportContext(['cip'], options, gitServices())).toEqual({
      command: 'kpromo cip',
      tree: '/nonexistent/tree',
    });
  });
});
