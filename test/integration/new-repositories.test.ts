import { describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { imageOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry } from '../support/registry/server.ts';
import { scriptedServer, type Answer, type ScriptedServer } from '../support/scripted-server.ts';

const LOGIN = `Basic ${Buffer.from('robot:hunter2').toString('base64')}`;
const REFUSED = '{"errors":[{"code":"UNAUTHORIZED","message":"access to the requested resource is not authorized"}]}';

type Quay = { readonly server: ScriptedServer; readonly created: ReadonlySet<string>; readonly uploads: () => number };

/** A registry whose token server creates a repository for whoever may and asks for a token to push to it, as Quay's does. */
async function quay({ mayCreate }: { readonly mayCreate: boolean }): Promise<Quay> {
  const created = new Set<string>();
  let uploads = 0;
  const token: Answer = (request, response) => {
    if (request.headers.authorization !== LOGIN) {
      response.writeHead(401).end(REFUSED);
      return;
    }
    const scopes = new URL(request.url ?? '', 'http://quay').searchParams.getAll('scope');
    const granted = scopes.flatMap((scope) => {
      const [, name = '', actions = ''] = scope.split(':');
      if (actions.includes('push') && mayCreate) created.add(name);
      return created.has(name) ? [name] : [];
    });
    response.end(JSON.stringify({ token: `T${granted.join('+')}` }));
  };
  const server = await scriptedServer((request, response) => {
    if (request.url?.startsWith('/token') === true) return token(request, response);
    request.resume();
    const name = /^\/v2\/(.+?)\/(?:tags|manifests|blobs)\//.exec(request.url ?? '')?.[1];
    const challenge = `Bearer realm="http://${request.headers.host}/token",service="quay"`;
    if (name === undefined || request.headers.authorization !== `Bearer T${name}`)
      return void response.writeHead(401, { 'www-authenticate': challenge }).end(REFUSED);
    if (request.method === 'POST') uploads += 1;
    response.writeHead(request.method === 'POST' ? 507 : 404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
  });
  return { server, created, uploads: () => uploads };
}

type Way = { readonly kind?: string; readonly password?: string; readonly args?: readonly string[] };

/** Promotes one image to a repository that is not there. */
async function promote(
  { server }: Quay,
  { kind = 'quay', password = 'hunter2', args = [] }: Way = {},
): Promise<CipRun> {
  await using staging = await startRegistry();
  storeImage(staging.store, 'staging/app', imageOf('A'));
  const { host } = server.url;
  const auth = Buffer.from(`robot:${password}`).toString('base64');
  const HOME = await homeWith({
    '.docker/config.json': { auths: { [host]: { auth } } },
    'registries.yaml': `version: 1\nregistries:\n- match: "${host}"\n  kind: ${kind}\n`,
  });
  const entries = [entry('app', 'A', 'a')];
  await using tree = await writeTree([{ name: 'app', from: `${staging.host}/staging`, to: [`${host}/prod`], entries }]);
  const config = ['--registry-config', `${HOME}/registries.yaml`];
  return await cip(['--manifests', tree.path, '--sign=false', ...config, ...args], { env: { HOME } });
}

describe('a repository that is not there yet, on a registry that refuses to read it', () => {
  it.each(['quay', 'generic'])('is read with the rights of a writer in a run that writes, kind %s', async (kind) => {
    const registry = await quay({ mayCreate: true });
    const { code, stderr } = await promote(registry, { kind, args: ['--confirm', '--retries=0'] });
    // The registry keeps nothing: that it was asked to is what counts.
    expect(code).toBe(1);
    expect(stderr).not.toContain('UNAUTHORIZED');
    expect([...registry.created]).toEqual(['prod/app']);
    expect(registry.uploads()).toBeGreaterThan(0);
  });

  it('stays an error in a run that writes when the account may not push', async () => {
    const registry = await quay({ mayCreate: false });
    const { code, summary } = await promote(registry, { args: ['--confirm'] });
    expect(code).toBe(1);
    expect(summary).toMatch(
      /UNAUTHORIZED[^]*check that the account of the credentials from[^]*\(user robot\) has permission/,
    );
    expect(registry.uploads()).toBe(0);
  });

  it.each([true, false])('is due in a dry run, which asks for no right to push (it may: %s)', async (mayCreate) => {
    const registry = await quay({ mayCreate });
    const { code, stderr, log } = await promote(registry);
    expect(code, stderr).toBe(0);
    expect(log.filter((line) => line.startsWith('warning'))).toEqual([
      `warning ${registry.server.url.host}/prod/app may not be read by this account; it is taken for a repository that does not exist yet`,
    ]);
    expect(registry.server.requests.filter((request) => request.includes('push'))).toEqual([]);
    expect([...registry.created]).toEqual([]);
  });

  it('is not told from one without rights where the kind is not known: a dry run says what to check', async () => {
    const { code, summary } = await promote(await quay({ mayCreate: true }), { kind: 'generic' });
    expect(code).toBe(1);
    expect(summary.replace(/\s+/g, ' ')).toContain('and that the repository exists there');
  });

  it.each([[[]], [['--confirm']]])('is no excuse for a wrong password: %o', async (args) => {
    const registry = await quay({ mayCreate: true });
    const { code, summary } = await promote(registry, { password: 'wrong', args });
    expect(code).toBe(1);
    expect(summary.replace(/\s+/g, ' ')).toContain(
      'the registry refused the credentials from ~/.docker/config.json (user robot)',
    );
    expect(registry.uploads()).toBe(0);
  });
});
