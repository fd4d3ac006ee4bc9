import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer } from '../../../../test/support/cloud.ts';
import { fakeClock } from '../../../../test/support/fake-clock.ts';
import { homeWith } from '../../../../test/support/home.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import { ecrRepositories, noRepository } from './ecr-create.ts';
import type { RepositoryCreator } from '../../roles.ts';

const HOST = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'hunter2' };
const COMMAND = 'aws ecr create-repository --repository-name prod/app --registry-id 123456789012 --region eu-central-1';
const call = { signal: new AbortController().signal };

async function opened(
  answer: () => CloudAnswer,
  env: Record<string, string> = KEYS,
): Promise<{ readonly world: Cloud; readonly creator: RepositoryCreator }> {
  const clock = fakeClock({ skipWaits: true });
  const world = await cloud(clock, answer);
  return { world, creator: ecrRepositories({ clock, env, home: await homeWith({}), fetch: world.fetch }) };
}

describe('src/registry/kinds/api/ecr-create.ts', () => {
  it('creates a repository in its own account and region', async () => {
    const { world, creator } = await opened(() => ({ json: { repository: {} } }));
    expect(await creator.createRepository(`${HOST}/prod/app`, call)).toBe(true);
    expect(world.wanted[0]?.url.href).toBe('https://api.ecr.eu-central-1.amazonaws.com/');
    expect(world.asked[0]?.headers['x-amz-target']).toMatch(/\.CreateRepository$/);
    expect(JSON.parse(world.asked[0]?.body ?? '')).toEqual({ registryId: '123456789012', repositoryName: 'prod/app' });
  });

  it('sends one request for all callers of the same repository, and another for another one', async () => {
    const { world, creator } = await opened(() => ({ json: { repository: {} } }));
    const names = ['prod/app', 'prod/app', 'prod/other'];
    await Promise.all(names.map((name) => creator.createRepository(`${HOST}/${name}`, call)));
    expect(world.asked).toHaveLength(2);
  });

  it('succeeds if another process was faster', async () => {
    const { creator } = await opened(() => ({
      status: 400,
      body: { __type: 'RepositoryAlreadyExistsException', message: 'it is there' },
    }));
    expect(await creator.createRepository(`${HOST}/prod/app`, call)).toBe(true);
  });

  it('does nothing for other registries', async () => {
    const { world, creator } = await opened(() => ({ json: {} }));
    expect(await creator.createRepository('registry.example/prod/app', call)).toBe(false);
    expect(await creator.createRepository(`${HOST}.evil.example/prod/app`, call)).toBe(false);
    expect(world.asked).toEqual([]);
  });

  it('quotes the error of AWS, with a command to run', async () => {
    const { creator } = await opened(() => ({
      status: 400,
      body: { __type: 'AccessDeniedException', message: 'not authorized to perform: ecr:CreateRepository' },
    }));
    expect(await rejection(creator.createRepository(`${HOST}/prod/app`, call))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: `creating the repository ${HOST}/prod/app: not authorized to perform: ecr:CreateRepository`,
      hint: expect.stringContaining(COMMAND),
    });
  });

  it('throws if there are no keys', async () => {
    const { creator } = await opened(() => ({ json: {} }), { AWS_EC2_METADATA_DISABLED: 'true' });
    expect(await rejection(creator.createRepository(`${HOST}/prod/app`, call))).toMatchObject({
      message: `creating the repository ${HOST}/prod/app: no AWS keys found`,
    });
  });

  it('hints how to create a missing repository', () => {
    expect(noRepository(`${HOST}/prod/app`)).toMatchObject({
      code: 'NOT_FOUND',
      side: 'destination',
      hint: `run: ${COMMAND}, or set "createRepositories: true" for the registry in the registry configuration`,
    });
    expect(noRepository('registry.example/prod/app').hint).not.toContain('aws');
  });
});
