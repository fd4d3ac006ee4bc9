import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloud, type Cloud } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { homeWith } from '../../../test/support/home.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { acr } from './acr.ts';
import type { Credential } from './credential.ts';

const forever = new AbortController().signal;
const APP = { AZURE_TENANT_ID: 'my tenant', AZURE_CLIENT_ID: 'app' };

async function opened(env: Record<string, string>): Promise<{
  readonly world: Cloud;
  ask(host: string): Promise<Credential | undefined>;
}> {
  const clock = fakeClock();
  const world = await cloud(clock, () => ({ json: { access_token: 'aad', refresh_token: 'acr' } }));
  const source = acr({ clock, env, fetch: world.fetch });
  return { world, ask: (host) => source(host, forever) };
}

describe('src/http/credentials/acr.ts', () => {
  it.each([
    ['acme.azurecr.io', {}, 'login.microsoftonline.com'],
    ['acme.azurecr.cn', {}, 'login.chinacloudapi.cn'],
    ['acme-a1b2.azurecr.us', {}, 'login.microsoftonline.us'],
    ['acme.azurecr.io', { AZURE_AUTHORITY_HOST: 'https://login.example/' }, 'login.example'],
  ])('signs in for %s with %o at %s', async (host, more, authority) => {
    const { world, ask } = await opened({ ...APP, ...more, AZURE_CLIENT_SECRET: 'hunter2' });
    expect(await ask(host)).toMatchObject({ kind: 'identity', username: '', token: 'acr' });
    expect(world.wanted.map(({ url }) => url.href)).toEqual([
      `https://${authority}/my%20tenant/oauth2/v2.0/token`,
      `https://${host}/oauth2/exchange`,
    ]);
    expect(Object.fromEntries(new URLSearchParams(world.asked[0]?.body))).toMatchObject({ client_secret: 'hunter2' });
    expect(Object.fromEntries(new URLSearchParams(world.asked[1]?.body))).toEqual({
      grant_type: 'access_token',
      service: host,
      tenant: 'my tenant',
      access_token: 'aad',
    });
  });

  it('prefers the token of a federated workload to a secret', async () => {
    const home = await homeWith({ token: 'federated\n' });
    const { world, ask } = await opened({
      ...APP,
      AZURE_CLIENT_SECRET: 'hunter2',
      AZURE_FEDERATED_TOKEN_FILE: join(home, 'token'),
    });
    await ask('acme.azurecr.io');
    expect(new URLSearchParams(world.asked[0]?.body).get('client_assertion')).toBe('federated');
    expect(world.asked[0]?.body).not.toContain('hunter2');
  });

  it.each([{}, { AZURE_CLIENT_SECRET: 'hunter2' }, APP])('has no credential with %o', async (env) => {
    const { world, ask } = await opened(env);
    expect(await ask('acme.azurecr.io')).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  it('sends no secret to an authority on plain HTTP', async () => {
    const { world, ask } = await opened({
      ...APP,
      AZURE_CLIENT_SECRET: 'hunter2',
      AZURE_AUTHORITY_HOST: 'http://login.example',
    });
    expect(await rejection(ask('acme.azurecr.io'))).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('AZURE_AUTHORITY_HOST'),
    });
    expect(world.asked).toEqual([]);
  });

  it('names the server whose response contains no token', async () => {
    const { world, ask } = await opened({ ...APP, AZURE_CLIENT_SECRET: 'hunter2' });
    world.answer(({ path }) => ({ json: path.endsWith('/token') ? { access_token: 'aad' } : { error: 'none' } }));
    expect(await rejection(ask('acme.azurecr.io'))).toMatchObject({
      code: 'REGISTRY_PROTOCOL',
      message: expect.stringContaining('https://acme.azurecr.io/oauth2/exchange'),
    });
  });
});
