import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer } from '../../../../test/support/cloud.ts';
import { fakeClock, type FakeClock } from '../../../../test/support/fake-clock.ts';
import { homeWith } from '../../../../test/support/home.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import { realClock } from '../../../clock.ts';
import type { Credential } from '../credential.ts';
import { google } from './google.ts';

const forever = new AbortController().signal;
const ADC = '.config/gcloud/application_default_credentials.json';
const token = { json: { access_token: 'ya29', expires_in: 3600 } };
const user = { type: 'authorized_user', client_id: 'id', client_secret: 'hunter2', refresh_token: '1//refresh' };

type Given = {
  readonly files?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly answer?: () => CloudAnswer | Promise<CloudAnswer>;
  readonly skipWaits?: boolean;
};

async function opened({ files = {}, env = {}, answer = () => token, skipWaits = false }: Given): Promise<{
  readonly clock: FakeClock;
  readonly world: Cloud;
  ask(host?: string): Promise<Credential | undefined>;
}> {
  const clock = fakeClock({ start: realClock().now(), skipWaits });
  const world = await cloud(clock, answer);
  const source = google({ clock, env, home: await homeWith(files), fetch: world.fetch });
  return { clock, world, ask: (host = 'gcr.io') => source(host, forever) };
}

describe('src/http/credentials/google/google.ts', () => {
  it.each(['gcr.io', 'eu.gcr.io', 'us-central1-docker.pkg.dev', 'europe-docker.pkg.dev', 'US.GCR.IO'])(
    'returns a token for %s',
    async (host) => {
      const { ask } = await opened({ files: { [ADC]: user } });
      expect(await ask(host)).toMatchObject({ kind: 'basic', username: 'oauth2accesstoken', password: 'ya29' });
    },
  );

  it('requests the fixed metadata address, or that of GCE_METADATA_HOST, and marks the request as its own', async () => {
    const { world, ask } = await opened({});
    await ask();
    const other = await opened({ env: { GCE_METADATA_HOST: 'metadata.example:8080' } });
    await other.ask();
    expect([...world.wanted, ...other.world.wanted].map(({ url, metadata }) => [url.href, metadata])).toEqual(
      ['169.254.169.254', 'metadata.example:8080'].map((host) => [
        `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`,
        'google',
      ]),
    );
  });

  it('returns no credential, and sends no further request, if no metadata server responds within 3 s', async () => {
    const { clock, world, ask } = await opened({ answer: () => new Promise(() => {}) });
    const waiting = ask();
    while (world.asked.length === 0) await clock.advance(0);
    await clock.advance(3000);
    expect(await waiting).toBeUndefined();
    expect(await ask()).toBeUndefined();
    expect(world.asked).toHaveLength(1);
    expect(clock.pending()).toBe(0);
  });

  it.each([404, 400])('returns no credential if another kind of server responds (%i)', async (status) => {
    const { ask } = await opened({ answer: () => ({ status }) });
    expect(await ask()).toBeUndefined();
  });

  it('sends no request if METADATA_SERVER_DETECTION is none', async () => {
    const { world, ask } = await opened({ env: { METADATA_SERVER_DETECTION: 'none' } });
    expect(await ask()).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  it('throws if a metadata server named by the environment does not respond', async () => {
    const { clock, world, ask } = await opened({
      env: { METADATA_SERVER_DETECTION: 'assume-present' },
      answer: () => new Promise(() => {}),
    });
    const failing = rejection(ask());
    while (world.asked.length === 0) await clock.advance(0);
    await clock.advance(20_000);
    expect(await failing).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('within 20 s') });
  });

  it('impersonates a chain of service accounts, starting with the token of the metadata server', async () => {
    const { clock, world, ask } = await opened({ env: { CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: 'a@x, b@x,c@x' } });
    const expireTime = new Date(clock.now() + 3_600_000).toISOString();
    world.answer(({ method }) => (method === 'GET' ? token : { json: { accessToken: 'ya29.c', expireTime } }));
    expect(await ask()).toMatchObject({ password: 'ya29.c' });
    const { host, path, headers, body } = world.asked[1] ?? { body: '{}' };
    expect([host, path]).toEqual([
      'iamcredentials.googleapis.com',
      '/v1/projects/-/serviceAccounts/c@x:generateAccessToken',
    ]);
    expect(headers?.['authorization']).toBe('Bearer ya29');
    expect(JSON.parse(body)).toMatchObject({
      delegates: ['projects/-/serviceAccounts/a@x', 'projects/-/serviceAccounts/b@x'],
    });
  });

  it('leaves retries to the retry layer', async () => {
    const { world, ask } = await opened({ files: { [ADC]: user }, skipWaits: true });
    world.answer(() => (world.asked.length < 3 ? { status: 503 } : token));
    expect(await ask()).toMatchObject({ password: 'ya29' });
    expect([world.asked.length, world.wanted.length]).toEqual([3, 1]);
    const down = await opened({ files: { [ADC]: user }, skipWaits: true, answer: () => ({ status: 500 }) });
    await rejection(down.ask());
    expect(down.world.wanted).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['is no JSON', '{"client_secret": "hunter2"'],
    ['is of a type that is not known', { type: 'gdch_service_account', client_secret: 'hunter2' }],
    ['lacks what its type needs', { ...user, client_id: undefined }],
    [
      'gets its subject token from a program',
      {
        type: 'external_account',
        audience: 'a',
        subject_token_type: 't',
        token_url: 'https://sts.googleapis.com/v1/token',
        credential_source: { executable: { command: 'hunter2' } },
      },
    ],
  ])('rejects a file that %s, and quotes nothing of it', async (_what, content) => {
    const { world, ask } = await opened({ files: { [ADC]: content } });
    const error = await rejection(ask());
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', hint: expect.any(String) });
    expect(String(error)).not.toContain('hunter2');
    expect(world.asked).toEqual([]);
  });

  it('throws if GOOGLE_APPLICATION_CREDENTIALS names a missing file', async () => {
    const { ask } = await opened({ env: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' } });
    expect(await rejection(ask())).toMatchObject({ message: expect.stringContaining('/nowhere/key.json') });
  });

  it('reads the file in CLOUDSDK_CONFIG', async () => {
    const folder = await homeWith({ 'application_default_credentials.json': user });
    const { ask } = await opened({ env: { CLOUDSDK_CONFIG: folder, METADATA_SERVER_DETECTION: 'none' } });
    expect(await ask()).toMatchObject({ password: 'ya29' });
  });
});
