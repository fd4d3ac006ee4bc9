import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { branchName, cloneUrl, gitHubServer, parseSlug, titleOf } from './names.ts';

const request = (given: object = {}) => ({ project: 'app', tags: ['v1'], images: [], digests: [], ...given });

describe('src/github/names.ts', () => {
  it('names the branch and the pull request of one tag as upstream does', () => {
    expect(branchName(request())).toBe('app-v1-image-promotion');
    expect([titleOf(request()), titleOf(request({ project: 'kubernetes', tags: ['v1', 'v2'] }))]).toEqual([
      'Image promotion for app v1',
      'releng: Image promotion for kubernetes v1 / v2',
    ]);
  });

  it('gives each request a branch of its own, whatever the order of its images', () => {
    const names = [
      {},
      { tags: ['v1', 'v2'] },
      { tags: ['v1-v2'] },
      { images: ['a'] },
      { images: ['b'] },
      { digests: ['a'] },
    ].map((given) => branchName(request(given)));
    expect(new Set(names).size).toBe(names.length);
    expect(branchName(request({ images: ['a', 'b'] }))).toBe(branchName(request({ images: ['b', 'a'] })));
  });

  it('gives names that git accepts', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/), (project, tag) => {
        const name = branchName(request({ project, tags: [tag] }));
        expect([
          spawnSync('git', ['check-ref-format', `refs/heads/${name}`]).status,
          name.length < 230,
          name.startsWith('-'),
        ]).toEqual([0, true, false]);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['acme/promos', { owner: 'acme', repo: 'promos' }],
    ['acme', { owner: 'acme', repo: 'like' }],
    ['a/b/c', undefined],
    ['a/..', undefined],
    ['-a/b', undefined],
    ['a b/c', undefined],
    ['', undefined],
  ])('parses %j', (text, expected) => {
    expect(parseSlug(text, 'like')).toEqual(expected);
  });

  it('returns the addresses of a server, and none for plain HTTP or a login', () => {
    const server = gitHubServer('https://git.acme.example:8443');
    expect(
      server && [
        server.api.href,
        cloneUrl(server, { owner: 'a', repo: 'b' }, 'https'),
        cloneUrl(server, { owner: 'a', repo: 'b' }, 'ssh'),
      ],
    ).toEqual([
      'https://git.acme.example:8443/api/v3/',
      'https://git.acme.example:8443/a/b.git',
      'ssh://git@git.acme.example/a/b.git',
    ]);
    expect(['http://git.acme.example', 'https://a:b@git.acme.example', 'file:///x', 'x'].map(gitHubServer)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
