import type { ECRClient } from '@aws-sdk/client-ecr';
import type { Secrets } from '../../../secrets/secrets.ts';
import type { Clock } from '../../../clock.ts';
import type { Fetch } from '../../fetch.ts';
import { awsKeys } from './keys.ts';
import { awsHandler } from './handler.ts';

export type EcrOptions = {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  /** Is told what the sources hold. */
  readonly secrets?: Pick<Secrets, 'learn' | 'hide'>;
  /** Sends requests with our permits, retries and timeouts, but without credentials. */
  readonly fetch: Fetch;
};

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html and, for IPv6, ecr-requests.html
const HOSTS = [
  /^\d{12}\.dkr\.ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com$/,
  /^\d{12}\.dkr\.ecr()\.(cn-[a-z]+-\d+)\.amazonaws\.com\.cn$/,
  /^\d{12}\.dkr-ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.on\.aws$/,
];

/** Whose registry a host of ECR is, in which region, and whether it is reached by FIPS endpoints. */
export type EcrPlace = { readonly account: string; readonly region: string; readonly fips: boolean };

/** The place of a private registry on ECR; undefined for every other host. */
export function ecrPlaceOf(host: string): EcrPlace | undefined {
  const name = host.toLowerCase();
  const [match] = HOSTS.map((pattern) => pattern.exec(name)).filter((found) => found !== null);
  const [, fips = '', region] = match ?? [];
  return region === undefined ? undefined : { account: name.slice(0, 12), region, fips: fips !== '' };
}

/** A client of ECR's API whose requests go through `fetch`; undefined where there are no keys. */
export async function ecrClient(
  options: EcrOptions,
  { region, fips }: Pick<EcrPlace, 'region' | 'fips'>,
  signal: AbortSignal,
): Promise<ECRClient | undefined> {
  const credentials = await awsKeys(options, region, signal);
  if (credentials === undefined) return undefined;
  // Loading it takes about 80 ms.
  const sdk = await import('@aws-sdk/client-ecr');
  return new sdk.ECRClient({
    region,
    credentials,
    useFipsEndpoint: fips,
    // Ours is the only retry layer; the rest is said so that nothing is looked up in files and environment.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    userAgentAppId: 'kpromo',
    requestHandler: awsHandler(options.fetch, signal),
  });
}
