import { afterEach, describe, expect, it } from 'vitest';
import type { AuthOptions } from './auth.ts';
import { buildImage, storeImage } from './images.ts';
import { startRegistry, type TestRegistry } from './server.ts';

const started: TestRegistry[] = [];
const users = { alice: 'secret' };
const alice = { authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}` };

async function start(auth: AuthOptions): Promise<TestRegistry> {
  const registry = await startRegistry({ auth });
  started.push(registry);
  storeImage(registry.store, 'open/app', buildImage({ seed: 1, layers: [10] }), ['v1']);
  return registry;
}

async function tokenFor(
  { url }: TestRegistry,
  scope: string,
  headers: Record<string, string>,
): Promise<Record<string, string>> {
  const { token } = (await (await fetch(`${url}/token?service=test-registry&scope=${scope}`, { headers })).json()) as {
    token: string;
  };
  return { authorization: `Bearer ${token}` };
}

describe('test/support/registry/auth.ts', () => {
  afterEach(async () => {
    for (const registry of started.splice(0)) await registry.close();
  });

  it('asks for a password, and forbids what the user may not do', async () => {
    const { url } = await start({ scheme: 'basic', users, allow: (user) => (user === undefined ? [] : ['pull']) });
    const anonymous = await fetch(`${url}/v2/open/app/tags/list`);
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="test registry"']);
    const wrong = { authorization: `Basic ${Buffer.from('alice:guess').toString('base64')}` };
    expect((await fetch(`${url}/v2/open/app/tags/list`, { headers: wrong })).status).toBe(401);
    expect((await fetch(`${url}/v2/open/app/tags/list`, { headers: alice })).status).toBe(200);
    expect((await fetch(`${url}/v2/open/app/blobs/uploads/`, { method: 'POST', headers: alice })).status).toBe(403);
  });

  it('asks for a token that names repository and actions, and takes no other', async () => {
    const registry = await start({ scheme: 'bearer', users });
    const { url } = registry;
    const anonymous = await fetch(`${url}/v2/open/app/blobs/uploads/`, { method: 'POST' });
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('www-authenticate')).toBe(
      `Bearer realm="${url}/token",service="test-registry",scope="repository:open/app:pull,push"`,
    );
    const list = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${url}/v2/open/app/tags/list`, { headers })).status;
    expect(await list(await tokenFor(registry, 'repository:open/app:pull', alice))).toBe(200);
    expect(await list(await tokenFor(registry, 'repository:open/other:pull', alice))).toBe(401);
    expect(await list(await tokenFor(registry, 'repository:open/app:pull', {}))).toBe(401);
    const pull = await tokenFor(registry, 'repository:open/app:pull', alice);
    const push = await fetch(`${url}/v2/open/app/blobs/uploads/`, { method: 'POST', headers: pull });
    expect([push.status, push.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="insufficient_scope"'),
    ]);
    expect(registry.counters.counts().kinds.token).toBe(4);
  });

  it('ends tokens when told to, and gives them to nobody with a wrong password', async () => {
    const registry = await start({ scheme: 'bearer', users });
    const headers = await tokenFor(registry, 'repository:open/app:pull', alice);
    registry.expireTokens();
    const expired = await fetch(`${registry.url}/v2/open/app/tags/list`, { headers });
    expect([expired.status, expired.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ]);
    const wrong = { authorization: `Basic ${Buffer.from('alice:guess').toString('base64')}` };
    expect((await fetch(`${registry.url}/token?scope=repository:open/app:pull`, { headers: wrong })).status).toBe(401);
  });

  it('gives a token for an identity token', async () => {
    const registry = await start({ scheme: 'bearer', users, identityTokens: { refresh: 'alice' } });
    const ask = (refresh_token: string): Promise<Response> => {
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        service: 'test-registry',
        scope: 'repository:open/app:pull',
        refresh_token,
      });
      return fetch(`${registry.url}/token`, { method: 'POST', body });
    };
    const { access_token: token } = (await (await ask('refresh')).json()) as { access_token: string };
    const list = await fetch(`${registry.url}/v2/open/app/tags/list`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(list.status).toBe(200);
    expect((await ask('other')).status).toBe(401);
  });

  it('mounts only from what the token may read', async () => {
    const registry = await start({ scheme: 'bearer', users });
    const [digest = ''] = registry.store.repository('open/app')?.blobs.keys() ?? [];
    const mount = async (...scopes: readonly string[]): Promise<number> => {
      const headers = await tokenFor(registry, ['repository:prod/app:pull,push', ...scopes].join('&scope='), alice);
      const address = `${registry.url}/v2/prod/app/blobs/uploads/?mount=${digest}&from=open/app`;
      return (await fetch(address, { method: 'POST', headers })).status;
    };
    expect([await mount(), await mount('repository:open/app:pull')]).toEqual([202, 201]);
  });
});
