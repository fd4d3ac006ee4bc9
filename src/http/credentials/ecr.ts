import type { ECRClientConfig } from '@aws-sdk/client-ecr';
import type { Clock } from '../../clock.ts';
import type { Fetch } from '../fetch.ts';
import { awsKeys, type AwsKeys } from './aws-keys.ts';
import { awsHandler } from './aws-handler.ts';
import type { Credential, CredentialSource } from './credential.ts';
import { kept, type Perishable } from './kept.ts';
import { credentialProblem } from './problem.ts';

export type EcrOptions = {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  /** Sends requests with our permits, retries and timeouts, but without credentials. */
  readonly fetch: Fetch;
};

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html and, for IPv6, ecr-requests.html
const HOSTS = [
  /^\d{12}\.dkr\.ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com$/,
  /^\d{12}\.dkr\.ecr()\.(cn-[a-z]+-\d+)\.amazonaws\.com\.cn$/,
  /^\d{12}\.dkr-ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.on\.aws$/,
];

/**
 * Authorization tokens for private registries on ECR, one for each region (https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html).
 * For public.ecr.aws, whose API is another one, it has none.
 */
export function ecr(options: EcrOptions): CredentialSource {
  const tokens = kept(options.clock, (place, signal) => obtain(options, place, signal));
  return async (host, signal, refused) => {
    const place = placeOf(host);
    return place === undefined ? undefined : tokens(place, signal, refused);
  };
}

/** The region of a registry, marked where it is reached by FIPS endpoints. */
function placeOf(host: string): string | undefined {
  const [match] = HOSTS.map((pattern) => pattern.exec(host.toLowerCase())).filter((found) => found !== null);
  return match === undefined ? undefined : `${match[2]}${match[1] ?? ''}`;
}

async function obtain(
  options: EcrOptions,
  place: string,
  signal: AbortSignal,
): Promise<Perishable<Credential | undefined>> {
  const region = place.replace(/-fips$/, '');
  try {
    const keys = await awsKeys(options, region, signal);
    if (keys === undefined) return { value: undefined, expires: Number.POSITIVE_INFINITY };
    return await authorizationToken(options, keys, region, place !== region, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw credentialProblem(
      `getting a token for ECR in ${region}`,
      'check the AWS keys, and that they allow ecr:GetAuthorizationToken',
      error,
    );
  }
}

async function authorizationToken(
  { fetch }: EcrOptions,
  credentials: AwsKeys,
  region: string,
  useFipsEndpoint: boolean,
  signal: AbortSignal,
): Promise<Perishable<Credential>> {
  // Loading it takes about 80 ms.
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const config: ECRClientConfig = {
    region,
    credentials,
    useFipsEndpoint,
    // Ours is the only retry layer; the rest is said so that nothing is looked up in files and environment.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    userAgentAppId: 'kpromo',
    requestHandler: awsHandler(fetch, signal),
  };
  const client = new ECRClient(config);
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const [data] = authorizationData ?? [];
  const [, username, password] =
    /^([^:]+):(.+)$/s.exec(Buffer.from(data?.authorizationToken ?? '', 'base64').toString('utf8')) ?? [];
  if (username === undefined || password === undefined) throw new Error('the answer holds no token');
  return { value: { kind: 'basic', username, password }, expires: data?.expiresAt?.getTime() ?? 0 };
}
