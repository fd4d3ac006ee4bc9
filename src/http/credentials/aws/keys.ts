import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PromotionError } from '../../../errors.ts';
import { fetchText, form } from '../fetch-json.ts';
import { containerKeys, instanceKeys } from './metadata.ts';
import type { EcrOptions, AwsKeys } from './options.ts';

/**
 * Returns the AWS keys for a region. Searches in the order of the AWS command line: environment, shared file, web
 * identity, container, instance. Returns undefined if there are none. The SDK's own chain is not used because it opens
 * its own sockets.
 */
export async function awsKeys(options: EcrOptions, region: string, signal: AbortSignal): Promise<AwsKeys | undefined> {
  const keys =
    environmentKeys(options) ??
    (await profileKeys(options)) ??
    (await webIdentityKeys(options, region, signal)) ??
    (await containerKeys(options, signal)) ??
    (await instanceKeys(options, signal));
  options.secrets?.learn(keys?.secretAccessKey);
  options.secrets?.learn(keys?.sessionToken);
  return keys;
}

function environmentKeys({ env }: EcrOptions): AwsKeys | undefined {
  return keysFrom(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']);
}

function keysFrom(id: string | undefined, secret: string | undefined, token: string | undefined): AwsKeys | undefined {
  if (!id || !secret) return undefined;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
}

// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
async function profileKeys({ env, home }: EcrOptions): Promise<AwsKeys | undefined> {
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws', 'credentials');
  const named = env['AWS_PROFILE'];
  const text = await readFile(path, 'utf8').catch(() => '');
  const values = profile(text, named || 'default');
  const keys = keysFrom(
    values.get('aws_access_key_id'),
    values.get('aws_secret_access_key'),
    values.get('aws_session_token'),
  );
  if (keys !== undefined || !named) return keys;
  throw new PromotionError('UNAUTHORIZED', `getting AWS keys: ${path} has no keys for the profile "${named}"`, {
    hint: `run eval "$(aws configure export-credentials --profile ${named} --format env)" first`,
  });
}

/** Returns the `key = value` lines of one `[section]`. */
function profile(text: string, name: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === name && key !== undefined && value !== undefined) values.set(key.toLowerCase(), value);
  }
  return values;
}

/**
 * Returns the keys of a role, in exchange for the token that Kubernetes or a CI system gives to this job
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 */
async function webIdentityKeys(
  { env, fetch }: EcrOptions,
  region: string,
  signal: AbortSignal,
): Promise<AwsKeys | undefined> {
  const [file, role] = [env['AWS_WEB_IDENTITY_TOKEN_FILE'], env['AWS_ROLE_ARN']];
  if (!file || !role) return undefined;
  const fields = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: env['AWS_ROLE_SESSION_NAME'] || 'kpromo',
    WebIdentityToken: (await readFile(file, 'utf8')).trim(),
  };
  const host = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const question = form(`https://${host}/`, fields, signal);
  const xml = await fetchText(fetch, { ...question, headers: { ...question.headers, accept: 'text/xml' } }, 'asking');
  const keys = keysFrom(element(xml, 'AccessKeyId'), element(xml, 'SecretAccessKey'), element(xml, 'SessionToken'));
  if (keys !== undefined) return keys;
  throw new PromotionError('REGISTRY_PROTOCOL', `getting AWS keys from ${host}: the response contains no keys`, {
    hint: 'check that no other service answers at that address',
  });
}

/** Returns the text of the only element with this name. Keys and tokens contain no character that XML escapes. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`).exec(xml)?.[1];
}
