import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { linkAway, TOKEN } from '../support/proposal/github.ts';
import { LOGIN, prWorld } from '../support/proposal/pr-world.ts';
import { buildMultiPlatform, storeImage } from '../support/registry/images.ts';

const [A, B] = [digestOfLabel('A'), digestOfLabel('B')];
const BRANCH = 'app-v2-image-promotion';
const FILE = 'registry/images/app/images.yaml';

describe('kpromo pr', () => {
  it('pushes one commit that adds lines, and opens a pull request', async () => {
    const { pr, hold, github, staging, images } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const index = buildMultiPlatform({ seed: 40 }, ['linux/amd64', 'linux/arm64']);
    const multi = storeImage(staging.store, 'staging/worker', index, ['v2']);
    hold(staging, 'staging/old', { C: ['v0'] });
    const { code, stdout, stderr } = await pr(['--tag=v2']);
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/level=(?:error|fatal)/)]);
    expect(stdout).toContain(`${FILE}: 2 digests, 2 tags added`);
    expect(stdout).toContain(`branch: alice/promos ${BRANCH}`);
    expect(stdout).toContain('opened: https://github.test/acme/promos/pull/1');
    expect(github.git('alice/promos', 'show', `${BRANCH}:${FILE}`)).toContain(`${images}    "${B}": ["v2"]`);
    expect(github.git('alice/promos', 'diff', '--numstat', 'main', BRANCH)).toMatch(/^4\t0\t/);
    expect(github.git('alice/promos', 'log', '--format=%an %ae %s', `main..${BRANCH}`)).toBe(
      'alice alice@users.noreply.github.com Image promotion for app v2',
    );
    const [pull, ...others] = github.pulls;
    expect([pull?.head, pull?.base, pull?.title, others]).toEqual([
      `alice:${BRANCH}`,
      'main',
      'Image promotion for app v2',
      [],
    ]);
    for (const part of [
      B,
      multi.digest,
      '`linux/amd64` `linux/arm64`',
      'KiB',
      '`old`',
      'Plan: 2 of 2',
      'kpromo pr --fork alice/promos',
      'unsigned',
      `${staging.host}/staging/web:v2 ${B}`,
    ])
      expect(pull?.body).toContain(part);
    expect(pull?.body).not.toContain('kpromo-pr-');
  });

  it('updates the same pull request when it runs again, and pushes nothing if nothing changed', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    await pr(['--tag=v2']);
    const first = github.git('alice/promos', 'rev-parse', BRANCH);
    if (github.pulls[0] !== undefined) github.pulls[0].body = 'outdated';
    const again = await pr(['--tag=v2']);
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringContaining('updated: https://github.test/acme/promos/pull/1'),
    ]);
    expect([github.pulls.length, github.pulls[0]?.body]).toEqual([1, expect.stringContaining(B)]);
    expect(github.git('alice/promos', 'rev-parse', BRANCH)).toBe(first);
    expect(github.pushes()).toBe(1);
    // the branch follows its base
    github.commit('acme/promos', { 'README.md': 'more\n' });
    expect((await pr(['--tag=v2'])).code).toBe(0);
    expect(github.git('alice/promos', 'rev-parse', `${BRANCH}^`)).toBe(github.git('acme/promos', 'rev-parse', 'main'));
    expect(github.pulls.length).toBe(1);
  });

  it('pushes to a fork that is behind the repository', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    for (const text of ['one\n', 'two\n']) github.commit('acme/promos', { 'README.md': text });
    expect((await pr(['--tag=v2'])).code).toBe(0);
    expect(github.git('alice/promos', 'log', '--format=%s', `main..${BRANCH}`).split('\n').length).toBe(3);
    // or starts from the fork as it is
    expect((await pr(['--tag=v2', '--image=web', '--update-repo=false', '--push-only'])).code).toBe(0);
    const other = github.git(
      'alice/promos',
      'for-each-ref',
      '--format=%(refname:short)',
      'refs/heads/app-v2-?*-image-promotion',
    );
    expect(github.git('alice/promos', 'rev-parse', `${other}^`)).toBe(github.git('alice/promos', 'rev-parse', 'main'));
  });

  it('gives another choice of images a branch of its own', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/worker', { C: ['v2'] });
    await pr(['--tag=v2', '--image=web']);
    await pr(['--tag=v2', '--image=worker']);
    expect(new Set(github.pulls.map(({ head }) => head)).size).toBe(2);
  });

  it('prints branch, title, body and patch with --dry-run, without a token, and asks GitHub nothing', async () => {
    const { pr, hold, github, staging, images } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const { code, stdout } = await pr(['--tag=v2', '--dry-run']);
    expect([code, github.log, github.pulls]).toEqual([0, [], []]);
    expect(github.git('alice/promos', 'branch')).toBe('* main');
    expect(stdout).toContain(`branch: alice/promos ${BRANCH}\ntitle: Image promotion for app v2`);
    const home = await homeWith({ [FILE]: images });
    const patch = stdout.slice(stdout.indexOf('--- a/'));
    expect(spawnSync('git', ['apply', '-'], { cwd: home, input: patch, encoding: 'utf8' }).stderr).toBe('');
    expect(spawnSync('cat', [FILE], { cwd: home, encoding: 'utf8' }).stdout).toBe(`${images}    "${B}": ["v2"]\n`);
  });

  it('ends after the push with --push-only', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const { code, stdout } = await pr(['--tag=v2', '--push-only']);
    expect([code, github.log, stdout.trim().split('\n').at(-1)]).toEqual([0, [], `branch: alice/promos ${BRANCH}`]);
    expect(github.git('alice/promos', 'rev-parse', `${BRANCH}^`)).toBe(github.git('acme/promos', 'rev-parse', 'main'));
  });

  it('pushes nothing and returns 0 if the tree has everything', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { A: ['v1'] });
    const { code, stdout } = await pr(['--tag=v1']);
    expect([code, stdout, github.pulls]).toEqual([0, expect.stringContaining('nothing to add'), []]);
    expect(github.git('alice/promos', 'branch')).toBe('* main');
  });

  it('fails as kpromo add does, with paths of the repository', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v1'] });
    const { code, log } = await pr(['--tag=v1']);
    expect([code, github.pulls]).toEqual([1, []]);
    expect(log.join('\n')).toContain(`error ${FILE}:3: web:v1 is ${A} there, and would become ${B}`);
  });

  it('never puts the token into an argument, a file, an output, or the environment of a local command', async () => {
    const { prRecorded: pr, hold, staging, recorded } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const { code, stdout, stderr } = await pr(['--tag=v2', '--log-level=trace']);
    expect(code).toBe(0);
    const lines = recorded();
    const isSecret = (text: string): boolean => text.includes(TOKEN) || text.includes(LOGIN);
    expect([stdout, stderr].filter(isSecret)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('FILE'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('ARGV') && isSecret(line))).toEqual([]);
    let command = '';
    const given = new Set<string>();
    for (const line of lines) {
      if (line.startsWith('ARGV'))
        command = / (clone|ls-remote|fetch|push|add|commit|log|rev-parse|config) /.exec(line)?.[1] ?? line;
      else if (isSecret(line)) given.add(`${command} ${line.replace(/=.*/s, '')}`);
    }
    expect([...given].toSorted()).toEqual([
      'clone ENV GIT_CONFIG_VALUE_1',
      'ls-remote ENV GIT_CONFIG_VALUE_1',
      'push ENV GIT_CONFIG_VALUE_1',
    ]);
  });

  it('requests reviews and names the reviewers in the body', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    expect((await pr(['--tag=v2', '--reviewers=bob,@acme/release'])).code).toBe(0);
    const [pull] = github.pulls;
    expect([pull?.reviewers, pull?.teams]).toEqual([['bob'], ['release']]);
    expect(pull?.body).toContain('cc: @bob @acme/release');
    const unknown = await pr(['--tag=v2', '--reviewers=mallory']);
    expect([unknown.code, unknown.log.at(-1)]).toEqual([
      1,
      expect.stringMatching(/pull\/1 is open, but its reviewers were not requested: .*422.*collaborator/),
    ]);
  });

  it('only warns if the token may not request reviews', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    github.beforeCreate(() =>
      github.fail({ status: 403, body: { message: 'Resource not accessible by personal access token' } }),
    );
    const { code, log, stdout } = await pr(['--tag=v2', '--reviewers=bob']);
    expect([code, log.join('\n')]).toEqual([0, expect.stringContaining('its reviewers were not requested')]);
    expect(stdout).toContain('opened: ');
  });

  it('updates the pull request that another run opened at the same moment', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    github.beforeCreate(() =>
      github.pulls.push({
        number: 1,
        base: 'main',
        head: `alice:${BRANCH}`,
        title: 't',
        body: '',
        reviewers: [],
        teams: [],
      }),
    );
    const { code, stdout } = await pr(['--tag=v2']);
    expect([code, stdout, github.pulls.length]).toEqual([0, expect.stringContaining('updated: '), 1]);
    expect(github.pulls[0]?.body).toContain(B);
  });

  it('refuses what cannot be proposed, with what to do', async () => {
    const refused = [
      [
        'a bad token',
        ['--tag=v2'],
        { GITHUB_TOKEN: 'ghp_wrongwrongwrong' },
        /401: Bad credentials; GITHUB_TOKEN is invalid/,
      ],
      [
        'a missing fork',
        ['--tag=v2', '--fork=nobody'],
        {},
        /look for the fork nobody\/promos: GitHub answered 404.*check the names in --fork/,
      ],
      [
        'a repository that is not a fork',
        ['--tag=v2', '--fork=eve'],
        {},
        /eve\/promos is not a fork of acme\/promos; fork acme\/promos/,
      ],
      ['no token', ['--tag=v2'], { GITHUB_TOKEN: '' }, /GITHUB_TOKEN is not set/],
      ['no author', ['--tag=v2'], { GITHUB_ACTOR: '' }, /the commit has no author/],
      ['no such branch', ['--tag=v2', '--base=nope'], {}, /git clone failed: .*nope.*check --repo/],
      ['no such tree', ['--tag=v2', '--tree=elsewhere'], {}, /the repository has no folder elsewhere/],
      ['a linked tree outside of the repository', ['--tag=v2', '--tree=away'], {}, /the repository has no folder away/],
    ] as const;
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    linkAway(github.root);
    for (const [what, flags, env, message] of refused) {
      const { code, log } = await pr(flags, { env });
      expect([code, log.at(-1)], what).toEqual([1, expect.stringMatching(message)]);
    }
    expect(github.pulls).toEqual([]);
  });

  it('says when the rate limit of the token is restored', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600) };
    github.fail({ status: 403, body: { message: 'API rate limit exceeded for user ID 1.' }, headers });
    const { code, log } = await pr(['--tag=v2', '--retries=0']);
    expect([code, log.at(-1)]).toEqual([
      1,
      expect.stringMatching(/retry after [\dT:.-]+Z, or allow longer waits with --max-wait/),
    ]);
  });

  it('does not overwrite commits of others on its branch', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    await pr(['--tag=v2']);
    github.commit('alice/promos', { 'note.txt': 'by hand\n' }, BRANCH);
    const tip = github.git('alice/promos', 'rev-parse', BRANCH);
    const { code, log } = await pr(['--tag=v2']);
    expect([code, log.at(-1)]).toEqual([
      1,
      expect.stringContaining('ends with a commit that kpromo did not make: a change'),
    ]);
    expect(github.git('alice/promos', 'rev-parse', BRANCH)).toBe(tip);
  });

  it('clones and pushes over SSH', async () => {
    const { prRecorded: pr, hold, github, staging, recorded } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const ssh = await homeWith({
      ssh: `#!/bin/sh\nfor last; do :; done\ncd ${github.root} && eval "$(printf %s "$last" | sed "s#'/#'${github.root}/#")"\n`,
    });
    const { code, stdout } = await pr(['--tag=v2', '--use-ssh'], { env: { GIT_SSH_COMMAND: `${ssh}/ssh` } });
    expect([code, stdout]).toEqual([0, expect.stringContaining('opened: ')]);
    expect(github.git('alice/promos', 'branch')).toContain(BRANCH);
    expect(recorded().filter((line) => line.includes(LOGIN))).toEqual([]);
  });
});
