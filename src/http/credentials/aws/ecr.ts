import type { ECRClient } from '@aws-sdk/client-ecr';
import { sourceFor, type Credential, type CredentialSource } from '../credential.ts';
import { ecrClient, ecrPlaceOf } from './ecr-client.ts';
import type { EcrOptions } from './options.ts';
import { expiringCache, type Expiring } from '../expiring-cache.ts';
import { credentialProblem } from '../problem.ts';

/**
 * Returns a source of authorization tokens for private ECR registries, one for each region
 * (https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html). It has none for public.ecr.aws, which
 * has another API.
 */
export function ecr(options: EcrOptions): CredentialSource {
  const tokens = expiringCache(options.clock, (place, signal) => obtain(options, place, signal));
  return sourceFor(
    (host) => ecrPlaceOf(host) !== undefined,
    async (host, signal, { refused } = {}) => {
      const place = ecrPlaceOf(host);
      return place === undefined ? undefined : tokens(`${place.region}${place.fips ? '-fips' : ''}`, signal, refused);
    },
  );
}

async function obtain(
  options: EcrOptions,
  place: string,
  signal: AbortSignal,
): Promise<Expiring<Credential | undefined>> {
  const region = place.replace(/-fips$/, '');
  try {
    const client = await ecrClient(options, { region, fips: place !== region }, signal);
    if (client === undefined) return { value: undefined, expires: Number.POSITIVE_INFINITY };
    return await authorizationToken(client);
  } catch (error) {
    signal.throwIfAborted();
    throw credentialProblem(
      `getting a token for ECR in ${region}`,
      'check the AWS keys, and that they permit ecr:GetAuthorizationToken',
      error,
    );
  }
}

async function authorizationToken(client: ECRClient): Promise<Expiring<Credential>> {
  const { GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const [data] = authorizationData ?? [];
  const [, username, password] =
    /^([^:]+):(.+)$/s.exec(Buffer.from(data?.authorizationToken ?? '', 'base64').toString('utf8')) ?? [];
  if (username === undefined || password === undefined) throw new Error('the response contains no token');
  return {
    value: { kind: 'basic', username, password, from: 'the AWS keys' },
    expires: data?.expiresAt?.getTime() ?? 0,
  };
}
