import { describe, expect, it } from 'vitest';
import { authority } from '../support/certificates.ts';
import { ALL_TAGS, fillStaging, promoteConfigured, tagsOf } from '../support/promotion/configured.ts';
import { startProxy } from '../support/proxy.ts';
import type { FaultHook } from '../support/registry/faults.ts';
import { startRegistry } from '../support/registry/server.ts';
import { bodyOf, scriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { startTlsFront } from '../support/tls-front.ts';

const HOST = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const API = 'api.ecr.eu-central-1.amazonaws.com';
const ca = authority('test');
const UNKNOWN = { errors: [{ code: 'NAME_UNKNOWN', message: 'The repository does not exist in the registry' }] };

/** ECR's API, which knows of no repository until one is created. */
function ecrApi(created: Set<string>): Promise<ScriptedServer> {
  return scriptedServer(async (request, response) => {
    const body = JSON.parse((await bodyOf(request)).toString()) as { readonly repositoryName?: string };
    const target = String(request.headers['x-amz-target']).split('.').at(-1);
    const authorizationToken = Buffer.from('AWS:hunter2').toString('base64');
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (target === 'GetAuthorizationToken') {
      response.end(JSON.stringify({ authorizationData: [{ authorizationToken, expiresAt: 4_000_000_000 }] }));
    } else if (target === 'CreateRepository') {
      created.add(body.repositoryName ?? '');
      response.end(JSON.stringify({ repository: {} }));
    } else if (created.has(body.repositoryName ?? '')) response.end(JSON.stringify({ imageDetails: [] }));
    else response.writeHead(400).end(JSON.stringify({ __type: 'RepositoryNotFoundException', message: 'no' }));
  });
}

describe('a registry that creates no repositories by itself', () => {
  it.each([
    ['creates them through its API where the configuration says so', 'createRepositories: true', 0, ALL_TAGS],
    ['tells the command where it does not', 'mount: true', 1, undefined],
  ])('%s', async (_what, setting, expected, tags) => {
    const created = new Set<string>();
    const needsRepository: FaultHook = ({ repository, kind }) =>
      kind !== 'ping' && !created.has(repository)
        ? { status: 404, headers: { 'content-type': 'application/json' }, body: JSON.stringify(UNKNOWN) }
        : undefined;
    await using staging = await startRegistry();
    await using mirror = await startRegistry({
      auth: { scheme: 'basic', users: { AWS: 'hunter2' } },
      fault: needsRepository,
    });
    const api = await ecrApi(created);
    await using front = await startTlsFront(mirror.host, ca.issue('registry', [HOST]));
    await using apiFront = await startTlsFront(api.url.host, ca.issue('api', [API]));
    await using proxy = await startProxy({ hosts: { [`${HOST}:443`]: front.host, [`${API}:443`]: apiFront.host } });
    fillStaging(staging);
    const { code, stderr } = await promoteConfigured({
      from: staging.host,
      to: [HOST],
      registries: [
        `{ match: ${HOST}, ca: ca.pem, proxy: "${proxy.url.href}", ${setting} }`,
        `{ match: ${API}, ca: ca.pem, proxy: "${proxy.url.href}" }`,
      ],
      files: { 'ca.pem': ca.cert },
      env: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-key' },
    });
    expect([code, tagsOf(mirror)]).toEqual([expected, tags]);
    expect(stderr).not.toMatch(/hunter2|secret-key/);
    expect([...created]).toEqual(expected === 0 ? ['prod/app'] : []);
    const said = stderr.replace(/\s+/g, ' ');
    if (expected === 1) expect(said).toContain('aws ecr create-repository --repository-name prod/app');
  });
});
