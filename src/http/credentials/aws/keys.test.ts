import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer, type CloudRequest } from '../../../../test/support/cloud.ts';
import { fakeClock, type FakeClock } from '../../../../test/support/fake-clock.ts';
import { homeWith } from '../../../../test/support/home.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import { awsKeys } from './keys.ts';
import type { AwsKeys } from './options.ts';

const forever = new AbortController().signal;
const ROLES = '/latest/meta-data/iam/security-credentials/';
const roleKeys = { json: { AccessKeyId: 'ASIA', SecretAccessKey: 'role-secret', Token: 'role-token' } };
const fromRole: AwsKeys = { accessKeyId: 'ASIA', secretAccessKey: 'role-secret', sessionToken: 'role-token' };

type Given = {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, unknown>>;
  readonly answer?: (request: CloudRequest) => CloudAnswer | Promise<CloudAnswer>;
  readonly clock?: FakeClock;
};

/** Looks for keys with this around it; without an answer, any request fails the test. */
async function looking({
  env = {},
  files = {},
  answer = () => ({ status: 404 }),
  clock = fakeClock({ skipWaits: true }),
}: Given): Promise<{
  readonly world: Cloud;
  readonly home: string;
  keys(more?: Record<string, string>): Promise<AwsKeys | undefined>;
}> {
  const home = await homeWith(files);
  const world = await cloud(clock, answer);
  const keys = (more = {}): Promise<AwsKeys | undefined> =>
    awsKeys({ clock, home, fetch: world.fetch, env: { ...env, ...more } }, 'eu-central-1', forever);
  return { world, home, keys };
}

/** An EC2 instance with a role, which knows only the second version of the protocol. */
const instance = ({ method, path, headers }: CloudRequest): CloudAnswer => {
  if (method === 'PUT' && path === '/latest/api/token')
    return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '60' ? 'imds-token' : { status: 400 };
  if (headers['x-aws-ec2-metadata-token'] !== 'imds-token') return { status: 401 };
  if (path === ROLES) return 'my-role\n';
  return path === `${ROLES}my-role` ? roleKeys : { status: 404 };
};

const FILE =
  '[default]\naws_access_key_id = AKIA1\naws_secret_access_key=one\n\n[ other ]\naws_access_key_id = AKIA2\naws_secret_access_key = two\naws_session_token = session=2\n[empty]\n';

describe('src/http/credentials/aws/keys.ts', () => {
  it('prefers the environment, and sends no request', async () => {
    const { keys, world } = await looking({ files: { '.aws/credentials': FILE }, answer: instance });
    expect(await keys({ AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'env' })).toEqual({
      accessKeyId: 'AKIA',
      secretAccessKey: 'env',
    });
    expect(await keys({ AWS_ACCESS_KEY_ID: 'AKIA' })).toMatchObject({ accessKeyId: 'AKIA1' });
    expect(world.asked).toEqual([]);
  });

  it('reads the shared file, the profile in AWS_PROFILE, and a configured path', async () => {
    const { keys, home } = await looking({
      files: { '.aws/credentials': FILE, elsewhere: FILE.replace('AKIA1', 'AKIA9') },
    });
    expect(await keys()).toEqual({ accessKeyId: 'AKIA1', secretAccessKey: 'one' });
    expect(await keys({ AWS_PROFILE: 'other' })).toEqual({
      accessKeyId: 'AKIA2',
      secretAccessKey: 'two',
      sessionToken: 'session=2',
    });
    expect(await keys({ AWS_SHARED_CREDENTIALS_FILE: join(home, 'elsewhere') })).toMatchObject({
      accessKeyId: 'AKIA9',
    });
    expect(await rejection(keys({ AWS_PROFILE: 'empty' }))).toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining('export-credentials --profile empty'),
    });
  });

  it('exchanges a web identity for the keys of a role', async () => {
    const { keys, home, world } = await looking({
      files: { token: 'jwt-of-the-job\n' },
      answer: ({ host, body }) => {
        const form = new URLSearchParams(body);
        if (host !== 'sts.eu-central-1.amazonaws.com' || form.get('WebIdentityToken') !== 'jwt-of-the-job')
          return { status: 403 };
        return '<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>ASIA</AccessKeyId>\n<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken></Credentials></AssumeRoleWithWebIdentityResponse>';
      },
    });
    const env = { AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'token'), AWS_ROLE_ARN: 'arn:aws:iam::1:role/r' };
    expect(await keys(env)).toEqual(fromRole);
    expect(new URLSearchParams(world.asked[0]?.body).get('RoleArn')).toBe('arn:aws:iam::1:role/r');
    world.answer(() => '<html>a portal</html>');
    expect(await rejection(keys(env))).toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it('requests the keys from the container agent at a safe address, with its token', async () => {
    const { keys, world, home } = await looking({ files: { token: 'from-file\n' }, answer: () => roleKeys });
    expect(await keys({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1' })).toEqual(fromRole);
    const eks = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' };
    await keys({ ...eks, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, 'token') });
    await keys({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'https://agent.example/keys',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'from-env',
    });
    expect(world.asked.map(({ host, path, headers }) => [host, path, headers['authorization']])).toEqual([
      ['169.254.170.2', '/v2/credentials/1', undefined],
      ['169.254.170.23', '/v1/credentials', 'from-file'],
      ['agent.example', '/keys', 'from-env'],
    ]);
    expect(world.wanted.map(({ metadata }) => metadata)).toEqual(['ecr', 'ecr', undefined]);
  });

  it.each(['http://agent.example/', 'http://169.254.169.254/', 'http://169.254.170.2.evil.com/', 'no address'])(
    'sends no container token to %s',
    async (uri) => {
      const { keys, world } = await looking({ answer: () => roleKeys });
      expect(await rejection(keys({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri }))).toMatchObject({
        code: 'REFUSED_ADDRESS',
      });
      expect(world.asked).toEqual([]);
    },
  );

  it("requests the instance's keys last, at the fixed address with IMDSv2", async () => {
    const { keys, world } = await looking({ answer: instance });
    expect(await keys()).toEqual(fromRole);
    expect(new Set(world.wanted.map(({ url, metadata }) => `${url.host} ${metadata}`))).toEqual(
      new Set(['169.254.169.254 ecr']),
    );
    expect(await keys({ AWS_EC2_METADATA_DISABLED: 'true' })).toBeUndefined();
    expect(world.asked).toHaveLength(3);
  });

  it('has no keys if the instance has no role, another cloud responds, or no server does', async () => {
    const { keys, world } = await looking({});
    expect(await keys()).toBeUndefined();
    world.answer((request) => (request.path === ROLES ? { status: 404 } : instance(request)));
    expect(await keys()).toBeUndefined();
    const clock = fakeClock();
    const silent = await looking({ clock, answer: () => new Promise(() => {}) });
    const waiting = silent.keys();
    while (silent.world.asked.length === 0) await clock.advance(0);
    await clock.advance(2000);
    expect(await waiting).toBeUndefined();
  });
});
