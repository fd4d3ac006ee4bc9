import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PromotionError } from '../../../errors.ts';
import { askText, form } from '../ask.ts';
import { containerKeys, instanceKeys } from './metadata.ts';
import type { EcrOptions } from './ecr-client.ts';

/** What signs requests to AWS. */
export type AwsKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/**
 * The keys to use in a region, from where the AWS command line looks for them, in its order: environment, the shared
 * file, a web identity, the container, the instance. (The SDK's own chain would open sockets of its own.) Undefined where there are none.
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
  throw new PromotionError('UNAUTHORIZED', `getting AWS keys: ${path} has no keys of the profile "${named}"`, {
    hint: `run eval "$(aws configure export-credentials --profile ${named} --format env)" first`,
  });
}

/** The `key = value` lines of one `[section]`. */
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

/** The keys of a role for the token that Kubernetes or a CI system gives this job (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). */
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
  const xml = await askText(fetch, { ...question, headers: { ...question.headers, accept: 'text/xml' } }, 'asking');
  const keys = keysFrom(element(xml, 'AccessKeyId'), element(xml, 'SecretAccessKey'), element(xml, 'SessionToken'));
  if (keys !== undefined) return keys;
  throw new PromotionError('REGISTRY_PROTOCOL', `getting AWS keys from ${host}: the answer holds none`, {
    hint: 'check that nothing else answers at that address',
  });
}

/** The text of the one element of this name; keys and tokens hold no character that XML escapes. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`).exec(xml)?.[1];
}
