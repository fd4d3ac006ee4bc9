import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer, type CloudRequest } from '../../../../test/support/cloud.ts';
import { fakeClock } from '../../../../test/support/fake-clock.ts';
import { homeWith } from '../../../../test/support/home.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import { googleIdToken, hasGoogleCredentials } from './id-token.ts';

const forever = new AbortController().signal;
const ADC = '.config/gcloud/application_default_credentials.json';
const user = { type: 'authorized_user', client_id: 'id', client_secret: 'hunter2', refresh_token: '1//refresh' };
const ACCOUNT = 'signer@project.iam.gserviceaccount.com';

async function asked(
  answer: (request: CloudRequest) => CloudAnswer,
  files: Readonly<Record<string, unknown>> = { [ADC]: user },
): Promise<{ readonly world: Cloud; readonly token: Promise<string> }> {
  const clock = fakeClock({ skipWaits: true });
  const world = await cloud(clock, answer);
  const options = { clock, env: {}, home: await homeWith(files), fetch: world.fetch };
  return { world, token: googleIdToken(options, ACCOUNT, 'sigstore', forever) };
}

const access = { json: { access_token: 'ya29', expires_in: 3600 } };
const isIam = ({ host }: CloudRequest): boolean => host === 'iamcredentials.googleapis.com';

describe('src/http/credentials/google/id-token.ts', () => {
  it('requests a token of the account, with its e-mail address, through our own credentials', async () => {
    const { world, token } = await asked((request) => (isIam(request) ? { json: { token: 'eyJ.x.y' } } : access));
    expect(await token).toBe('eyJ.x.y');
    const request = world.asked.find(isIam);
    expect(request).toMatchObject({
      method: 'POST',
      path: `/v1/projects/-/serviceAccounts/${encodeURIComponent(ACCOUNT)}:generateIdToken`,
      headers: { authorization: 'Bearer ya29' },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({ audience: 'sigstore', includeEmail: true });
  });

  it('names the account that it must not impersonate, and no secret', async () => {
    const { token } = await asked((request) => (isIam(request) ? { status: 403 } : access));
    const error = await rejection(token);
    expect(error).toMatchObject({ code: 'IDENTITY', message: expect.stringContaining(ACCOUNT) });
    expect(JSON.stringify([String(error), error])).not.toMatch(/ya29|hunter2|1\/\//);
  });

  it('throws if there are no credentials', async () => {
    const { token } = await asked(() => ({ status: 404 }), {});
    expect(await rejection(token)).toMatchObject({
      code: 'IDENTITY',
      message: expect.stringContaining('no Google credentials'),
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, string>>, string, boolean]>([
    ['a file of gcloud', { [ADC]: user }, {}, '', true],
    ['a file that is named', {}, { GOOGLE_APPLICATION_CREDENTIALS: '/there' }, '', true],
    ["a machine of Google's", {}, {}, 'Google Compute Engine\n', true],
    [
      "a machine of Google's whose server is not to be asked",
      {},
      { METADATA_SERVER_DETECTION: 'none' },
      'Google',
      false,
    ],
    ['a metadata server that is named', {}, { GCE_METADATA_HOST: 'there' }, '', true],
    ['another machine', {}, {}, 'KVM\n', false],
  ])('detects from %s whether there are credentials', async (_what, files, env, product, expected) => {
    const home = await homeWith({ ...files, product: product || 'KVM' });
    expect(await hasGoogleCredentials({ env, home }, join(home, 'product'))).toBe(expected);
  });

  it('detects no credentials without any hint of them', async () => {
    const home = await homeWith({});
    expect(await hasGoogleCredentials({ env: {}, home }, join(home, 'nothing'))).toBe(false);
  });
});
