import { describe, expect, it } from 'vitest';
import { realClock } from '../../../clock.ts';
import { cloud, type CloudAnswer } from '../../../../test/support/cloud.ts';
import { fakeClock } from '../../../../test/support/fake-clock.ts';
import { homeWith } from '../../../../test/support/home.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import type { Credential } from '../credential.ts';
import { ecr } from './ecr.ts';

const forever = new AbortController().signal;
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'hunter2' };

async function opened(env: Record<string, string>, more: Partial<{ json: unknown }> = {}) {
  const clock = fakeClock({ start: realClock().now(), skipWaits: true });
  const world = await cloud(clock, (): CloudAnswer => {
    const authorizationToken = Buffer.from('AWS:a:password').toString('base64');
    return { json: { authorizationData: [{ authorizationToken, expiresAt: clock.now() / 1000 + 43_200 }] }, ...more };
  });
  const source = ecr({ clock, env, home: await homeWith({}), fetch: world.fetch });
  return { world, ask: (host: string): Promise<Credential | undefined> => source(host, forever) };
}

describe('src/http/credentials/aws/ecr.ts', () => {
  it.each([
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'api.ecr.eu-central-1.amazonaws.com'],
    ['123456789012.dkr.ecr.us-gov-west-1.amazonaws.com', 'api.ecr.us-gov-west-1.amazonaws.com'],
    ['123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', 'api.ecr-fips.us-east-1.amazonaws.com'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'api.ecr.cn-north-1.amazonaws.com.cn'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'api.ecr.eu-west-1.amazonaws.com'],
  ])('requests a token for %s from %s', async (host, api) => {
    const { world, ask } = await opened(KEYS);
    expect(await ask(host)).toMatchObject({ kind: 'basic', username: 'AWS', password: 'a:password' });
    expect(world.wanted[0]?.url.href).toBe(`https://${api}/`);
    expect(world.asked[0]?.headers['x-amz-target']).toMatch(/\.GetAuthorizationToken$/);
    expect(world.asked[0]?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\//);
  });

  it('shares one token between the registries of a region', async () => {
    const { world, ask } = await opened(KEYS);
    await ask('123456789012.dkr.ecr.eu-central-1.amazonaws.com');
    await ask('210987654321.dkr.ecr.eu-central-1.amazonaws.com');
    await ask('123456789012.dkr.ecr.eu-west-1.amazonaws.com');
    expect(world.asked).toHaveLength(2);
  });

  it('has no credential without keys', async () => {
    const { ask } = await opened({ AWS_EC2_METADATA_DISABLED: 'true' });
    expect(await ask('123456789012.dkr.ecr.eu-central-1.amazonaws.com')).toBeUndefined();
  });

  it('leaves retries to the retry layer, and quotes the error of AWS', async () => {
    const { world, ask } = await opened(KEYS);
    world.answer(() =>
      world.asked.length < 3
        ? { status: 503 }
        : {
            status: 400,
            body: { __type: 'AccessDeniedException', message: 'not authorized to perform: ecr:GetAuthorizationToken' },
          },
    );
    const error = await rejection(ask('123456789012.dkr.ecr.eu-central-1.amazonaws.com'));
    expect(error).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('not authorized to perform'),
    });
    expect([world.asked.length, world.wanted.length]).toEqual([3, 1]);
  });

  it('rejects a response without a token', async () => {
    const { ask } = await opened(KEYS, { json: { authorizationData: [] } });
    expect(await rejection(ask('123456789012.dkr.ecr.eu-central-1.amazonaws.com'))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('contains no token'),
    });
  });
});
