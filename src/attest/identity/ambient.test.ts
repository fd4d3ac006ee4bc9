import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { ambientIdentity } from './ambient.ts';

const forever = new AbortController().signal;
const github = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example/request?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'hunter2',
};
const buildkite = {
  BUILDKITE_JOB_ID: 'job-1',
  BUILDKITE_AGENT_ACCESS_TOKEN: 'hunter2',
  BUILDKITE_AGENT_ENDPOINT: 'https://agent.example/v3/',
};

async function asked(
  env: Readonly<Record<string, string>>,
  answer: CloudAnswer,
): Promise<{ readonly world: Cloud; readonly token: Promise<string> }> {
  const world = await cloud(fakeClock({ skipWaits: true }), () => answer);
  const ambient = ambientIdentity(env, world.fetch);
  if (ambient === undefined) throw new Error('no identity');
  return { world, token: ambient.token(forever) };
}

describe('src/attest/identity/ambient.ts', () => {
  it('requests a token with the audience sigstore from GitHub Actions', async () => {
    const { world, token } = await asked(github, { json: { value: 'T' } });
    expect(await token).toBe('T');
    expect(world.asked).toMatchObject([
      {
        method: 'GET',
        host: 'token.example',
        path: '/request?api-version=2.0&audience=sigstore',
        headers: { authorization: 'Bearer hunter2' },
      },
    ]);
  });

  it('requests a token from the agent of Buildkite', async () => {
    const { world, token } = await asked(buildkite, { json: { token: 'T' } });
    expect(await token).toBe('T');
    expect(world.asked).toMatchObject([
      {
        method: 'POST',
        host: 'agent.example',
        path: '/v3/jobs/job-1/oidc/tokens',
        headers: { authorization: 'Token hunter2' },
        body: '{"audience":"sigstore"}',
      },
    ]);
  });

  it.each<[CloudAnswer, string]>([
    [{ status: 403 }, 'the response is 403'],
    [{ status: 500 }, 'the response is 500'],
    ['{"value":5,"secret":"hunter3"}', 'unexpected format'],
    ['hunter3', 'unexpected format'],
  ])('reports %o without the secret', async (answer, words) => {
    const error = await rejection((await asked(github, answer)).token);
    expect(error).toMatchObject({ code: 'IDENTITY', message: expect.stringContaining(words) });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toMatch(/hunter/);
  });

  it('finds nothing outside of CI systems with identity tokens', () => {
    const never = (): Promise<never> => Promise.reject(new Error('nobody is to be asked'));
    for (const env of [{}, { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' }, { BUILDKITE_JOB_ID: 'j' }]) {
      expect(ambientIdentity(env, never)).toBeUndefined();
    }
  });
});
