import { describe, expect, it } from 'vitest';
import { parseFlags } from '../flags/parse-flags.ts';
import { commandLine } from './pr-command.ts';
import { PR_FLAGS, prOptions, type PrOptions } from './pr.ts';

const optionsOf = (...flags: readonly string[]): PrOptions => prOptions(parseFlags(PR_FLAGS, flags));

describe('src/cli/options/commands/pr.ts', () => {
  it('proposes images of Kubernetes unless told otherwise, as upstream', () => {
    const { proposal, base, into, fork, tree, reviewers, requestsReviews, protocol, server, ends } = optionsOf(
      '--fork=me',
      '-t=v1',
    );
    expect({ base, into, fork, tree, protocol, ends }).toEqual({
      base: { owner: 'kubernetes', repo: 'k8s.io' },
      into: 'main',
      fork: { owner: 'me', repo: 'k8s.io' },
      tree: 'registry.k8s.io',
      protocol: 'ssh',
      ends: 'opened',
    });
    expect([proposal.project, reviewers, requestsReviews]).toEqual([
      'kubernetes',
      ['@kubernetes/release-engineering'],
      false,
    ]);
    expect(server.api.href).toBe('https://api.github.com/');
  });

  it('has no values of Kubernetes for another repository', () => {
    const other = optionsOf(
      '--fork=me/promos-fork',
      '--repo=acme/promos',
      '--staging-repo=gcr.io/acme',
      '-t=v1',
      '--github-url=https://git.acme.example/',
    );
    expect([other.tree, other.reviewers, other.proposal.project]).toEqual(['.', [], undefined]);
    expect([other.server.web.href, other.server.api.href]).toEqual([
      'https://git.acme.example/',
      'https://git.acme.example/api/v3/',
    ]);
    expect(() => optionsOf('--fork=me', '--repo=acme/promos', '-t=v1')).toThrow(
      '--project or --staging-repo is required',
    );
  });

  it.each([
    [['--tree=../x'], 'not a folder in the repository'],
    [['--tree=/etc'], 'not a folder in the repository'],
    [['--github-url=http://github.example'], 'not an address of GitHub'],
    [['--github-url=https://user:secret@github.example'], 'not an address of GitHub'],
    [['--fork='], '--fork is required'],
    [['--fork=--upload-pack=x'], 'not a fork'],
    [['--fork=a/b/c'], 'not a fork'],
    [['--repo=../x'], 'not a repository'],
    [['--base=--x'], 'not a branch'],
    [['--base=a..b'], 'not a branch'],
    [['--reviewers=a b'], 'not a user or team'],
    [['surplus'], 'takes no argument'],
  ])('refuses %j', (flags, message) => {
    expect(() => optionsOf('--fork=me', '-t=v1', ...flags)).toThrow(message);
  });

  it('writes the command line of the same request, quoted for a shell', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const flags = [
      '--fork=me',
      '--repo=acme/promos',
      "--project=it's",
      '-t=v1,v2',
      '--image=web',
      `--digests=${digest}`,
      '--reviewers=bob',
    ];
    const text = commandLine(optionsOf(...flags));
    expect(text).toBe(
      String.raw`kpromo pr --fork me/promos --repo acme/promos --project 'it'\''s' --reviewers bob --tag v1 --tag v2 --image web --digests ` +
        digest,
    );
  });
});
