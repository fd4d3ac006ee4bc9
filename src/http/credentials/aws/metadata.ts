import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isPromotionError, PromotionError } from '../../../errors.ts';
import { isLoopback } from '../../transport/addresses.ts';
import { fetchJson, fetchText, type CredentialRequest } from '../fetch-json.ts';
import type { AwsKeys, EcrOptions } from './options.ts';

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html, and the same from containers
const RoleKeys = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
});

/** Timeout of the first request, in milliseconds. Outside EC2 no host has that address, and packets are lost. */
const PROBE = 2_000;

/** The host of the path that ECS gives in AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. */
const ECS = 'http://169.254.170.2';

/** Returns the keys that ECS or EKS provides to this container; undefined outside of one. */
export async function containerKeys({ env, fetch }: EcrOptions, signal: AbortSignal): Promise<AwsKeys | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!relative && !full) return undefined;
  const url = relative ? URL.parse(relative, ECS) : URL.parse(full ?? '');
  // Our token is sent there: use plain HTTP only to this machine or to an AWS endpoint.
  const safe = url !== null && (url.protocol === 'https:' || isLoopback(url.hostname) || isContainerHost(url));
  if (!safe) {
    throw new PromotionError(
      'REFUSED_ADDRESS',
      'getting AWS keys: the address of the container credentials is not safe',
      {
        hint: 'set AWS_CONTAINER_CREDENTIALS_FULL_URI to an HTTPS or loopback address',
      },
    );
  }
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file ? (await readFile(file, 'utf8')).trim() : env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  const headers = token ? { authorization: token } : {};
  return roleKeys(fetch, { method: 'GET', url, headers, signal, metadata: isContainerHost(url) ? 'ecr' : undefined });
}

function isContainerHost({ hostname }: URL): boolean {
  return ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'].includes(hostname);
}

/**
 * Returns the keys of the instance's role through IMDSv2; undefined if this is not an EC2 instance or it has no role.
 */
export async function instanceKeys(
  { clock, env, fetch }: EcrOptions,
  signal: AbortSignal,
): Promise<AwsKeys | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
  const base = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || 'http://169.254.169.254';
  const deadline = new AbortController();
  const cancel = clock.limit(PROBE, () => deadline.abort());
  const ask = (
    path: string,
    more: Pick<CredentialRequest, 'headers'> & { readonly method?: 'GET' | 'PUT' },
  ): CredentialRequest => ({
    method: 'GET',
    url: new URL(path, base),
    metadata: 'ecr',
    signal: AbortSignal.any([signal, deadline.signal]),
    ...more,
  });
  try {
    const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '60', 'content-length': '0' };
    const token = await fetchText(fetch, ask('/latest/api/token', { method: 'PUT', headers: lifetime }), 'asking');
    // The metadata service exists: from here on the usual timeouts apply.
    cancel();
    const headers = { 'x-aws-ec2-metadata-token': token };
    const role = await fetchText(fetch, ask(ROLES, { headers }), 'getting the role of the instance from');
    return await roleKeys(fetch, ask(`${ROLES}${encodeURIComponent(role.trim())}`, { headers }));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted || NOBODY.some((code) => isPromotionError(error, code))) return undefined;
    throw error;
  } finally {
    cancel();
  }
}

const ROLES = '/latest/meta-data/iam/security-credentials/';

/** Errors that mean: no metadata service, another cloud's metadata service, or an instance without a role. */
const NOBODY = ['NETWORK', 'TIMEOUT', 'NOT_FOUND', 'REGISTRY_PROTOCOL', 'DENIED'] as const;

async function roleKeys(fetch: EcrOptions['fetch'], question: CredentialRequest): Promise<AwsKeys> {
  const answer = await fetchJson(fetch, question, 'getting AWS keys from', RoleKeys);
  return { accessKeyId: answer.AccessKeyId, secretAccessKey: answer.SecretAccessKey, sessionToken: answer.Token };
}
