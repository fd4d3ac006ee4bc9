import { describe, expect, it, onTestFinished } from 'vitest';
import { patientClock } from '../../test/support/patient-clock.ts';
import { startGitHub, TOKEN, type TestGitHub } from '../../test/support/proposal/github.ts';
import { httpStack } from '../http/stack.ts';
import { gitHub, type GitHub, type PullRequest } from './client.ts';
import { gitHubServer } from './names.ts';

const BASE = { owner: 'acme', repo: 'promos' };
const FORK = { owner: 'alice', repo: 'promos' };
const PULL: PullRequest = { base: BASE, into: 'main', fork: FORK, branch: 'b', title: 'a title', body: 'a body' };

async function world(token = TOKEN): Promise<{ readonly server: TestGitHub; readonly client: GitHub }> {
  const server = await startGitHub({ 'README.md': 'x' });
  const stack = httpStack({ clock: patientClock(10), retries: 1 });
  onTestFinished(() => stack.close());
  const address = gitHubServer(server.url);
  if (address === undefined) throw new Error('the address is invalid');
  const client = gitHub({ server: address, token, fetch: stack.outbound, signal: new AbortController().signal });
  return { server, client };
}

describe('src/github/client.ts', () => {
  it('opens one pull request for a branch, and updates it', async () => {
    const { server, client } = await world();
    await client.checkFork(FORK, BASE);
    await client.checkFork(BASE, BASE);
    expect(await client.propose(PULL)).toEqual({
      number: 1,
      url: 'https://github.test/acme/promos/pull/1',
      isNew: true,
    });
    expect(await client.propose({ ...PULL, body: 'another' })).toMatchObject({ number: 1, isNew: false });
    expect(server.pulls.map(({ head, body }) => [head, body])).toEqual([['alice:b', 'another']]);
  });

  it('rejects content that is not an answer of GitHub', async () => {
    const { server, client } = await world();
    for (const body of [{}, [{ number: 'one' }]]) {
      server.fail({ status: 200, body });
      await expect(client.propose(PULL)).rejects.toMatchObject({ code: 'GITHUB', hint: 'check --github-url' });
    }
    expect(server.pulls).toEqual([]);
  });

  it.each([
    [401, /create another token/],
    [403, /write pull requests/],
    [404, /check the names/],
    [301, /its new name/],
    [422, /GitHub names the field/],
    [418, /githubstatus/],
  ])("throws GITHUB for status %d, with GitHub's message and a hint", async (status, hint) => {
    const { server, client } = await world();
    server.fail({ status, body: { message: 'No', errors: [{ message: 'the field is wrong' }] } });
    await expect(client.checkFork(FORK, BASE)).rejects.toMatchObject({
      code: 'GITHUB',
      message: `look for the fork alice/promos: GitHub answered ${status}: No; the field is wrong`,
      hint: expect.stringMatching(hint) as string,
    });
  });
});
