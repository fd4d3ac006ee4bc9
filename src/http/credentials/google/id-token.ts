import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PromotionError } from '../../../errors.ts';
import { fetchJson } from '../fetch-json.ts';
import { applicationDefault } from './adc.ts';
import { googleToken } from './client.ts';
import { metadataToken } from './metadata.ts';
import type { GoogleOptions } from './options.ts';

/** File in which the firmware of Google's machines, and of the containers on them, names the product. */
const MACHINE = '/sys/class/dmi/id/product_name';

/** Returns true if files or the environment show Google credentials. Sends no request. */
export async function hasGoogleCredentials(
  options: Pick<GoogleOptions, 'env' | 'home'>,
  machine: string = MACHINE,
): Promise<boolean> {
  const { env } = options;
  if (env['GOOGLE_APPLICATION_CREDENTIALS'] || (await applicationDefault(options)) !== undefined) return true;
  const detection = env['METADATA_SERVER_DETECTION']?.trim().toLowerCase();
  if (detection === 'none') return false;
  if (detection === 'assume-present' || env['GCE_METADATA_HOST'] || env['GCE_METADATA_IP']) return true;
  // A request to a missing metadata server takes seconds.
  return /^google/i.test((await readFile(machine, 'utf8').catch(() => '')).trim());
}

// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken
const Generated = z.object({ token: z.string().min(1) });

/** Returns an identity token of a service account that our own credentials may impersonate. Throws IDENTITY. */
export async function googleIdToken(
  options: GoogleOptions,
  account: string,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const what = `getting an identity token of ${account}`;
  const hint = `check the Google credentials and their permission to create OpenID tokens for ${account}`;
  try {
    const file = await applicationDefault(options);
    const ambient = file === undefined ? await metadataToken(options, signal) : undefined;
    if (file === undefined && ambient === undefined)
      throw new PromotionError('IDENTITY', `${what}: no Google credentials found`, {
        hint: 'run "gcloud auth application-default login", or set GOOGLE_APPLICATION_CREDENTIALS',
      });
    const access = await googleToken(options, { file, ambient }, signal);
    const question = {
      method: 'POST',
      url: new URL(
        `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateIdToken`,
      ),
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      body: { kind: 'bytes', bytes: Buffer.from(JSON.stringify({ audience, includeEmail: true })) },
      signal,
    } as const;
    return (await fetchJson(options.fetch, question, `${what} from`, Generated)).token;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PromotionError) || error.code === 'IDENTITY') throw error;
    throw new PromotionError('IDENTITY', `${what}: ${error.message}`, { cause: error, hint });
  }
}
