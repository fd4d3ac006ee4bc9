import type { ECRClient } from '@aws-sdk/client-ecr';
import { awsKeys } from './keys.ts';
import { awsHandler } from './handler.ts';
import type { EcrOptions } from './options.ts';

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html and, for IPv6, ecr-requests.html
const HOSTS = [
  /^\d{12}\.dkr\.ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com$/,
  /^\d{12}\.dkr\.ecr()\.(cn-[a-z]+-\d+)\.amazonaws\.com\.cn$/,
  /^\d{12}\.dkr-ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.on\.aws$/,
];

/** The account and region of an ECR registry, and whether its endpoints are FIPS endpoints. */
type EcrPlace = { readonly account: string; readonly region: string; readonly fips: boolean };

/** Parses the host name of a private ECR registry. Returns undefined for every other host. */
export function ecrPlaceOf(host: string): EcrPlace | undefined {
  const name = host.toLowerCase();
  const [match] = HOSTS.map((pattern) => pattern.exec(name)).filter((found) => found !== null);
  const [, fips = '', region] = match ?? [];
  return region === undefined ? undefined : { account: name.slice(0, 12), region, fips: fips !== '' };
}

/**
 * Creates a client of the ECR API that sends its requests through `fetch`. Returns undefined if there are no AWS keys.
 */
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
    // Our retry layer is the only one. The other options are set so that the SDK reads no files or environment
    // variables.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    userAgentAppId: 'kpromo',
    requestHandler: awsHandler(options.fetch, signal),
  });
}
