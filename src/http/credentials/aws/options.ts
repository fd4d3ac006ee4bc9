import type { Secrets } from '../../../secrets/secrets.ts';
import type { Clock } from '../../../clock.ts';
import type { Fetch } from '../../fetch.ts';

export type EcrOptions = {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Learns every secret that the sources read, so that it can be redacted. */
  readonly secrets?: Pick<Secrets, 'learn' | 'hide'>;
  /** Sends requests with our permits, retries and timeouts, but without credentials. */
  readonly fetch: Fetch;
};

/** The keys that sign requests to AWS. */
export type AwsKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};
