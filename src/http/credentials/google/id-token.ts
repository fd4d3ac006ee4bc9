import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PromotionError } from '../../../errors.ts';
import { askJson } from '../ask.ts';
import { applicationDefault } from './adc.ts';
import { googleToken } from './client.ts';
import { metadataToken } from './metadata.ts';
import type { GoogleOptions } from './google.ts';

/** What Google's machines, and the containers on them, are called by their firmware. */
const MACHINE = '/sys/class/dmi/id/product_name';

/** Whether there are Google credentials, as far as files and the environment tell; asks nobody. */
export async function hasGoogleCredentials(
  options: Pick<GoogleOptions, 'env' | 'home'>,
  machine: string = MACHINE,
): Promise<boolean> {
  const { env } = options;
  if (env['GOOGLE_APPLICATION_CREDENTIALS'] || (await applicationDefault(options)) !== undefined) return true;
  const detection = env['METADATA_SERVER_DETECTION']?.trim().toLowerCase();
  if (detection === 'none') return false;
  if (detection === 'assume-present' || env['GCE_METADATA_HOST'] || env['GCE_METADATA_IP']) return true;
  // Where there is no metadata server, asking for one takes seconds.
  return /^google/i.test((await readFile(machine, 'utf8').catch(() => '')).trim());
}

// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken
const Generated = z.object({ token: z.string().min(1) });

/** An identity token of a service account, which our own credentials may act for. Throws IDENTITY. */
export async function googleIdToken(
  options: GoogleOptions,
  account: string,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const what = `getting an identity token of ${account}`;
  const hint = `check the Google credentials, and that they may create OpenID tokens for ${account}`;
  try {
    const file = await applicationDefault(options);
    const ambient = file === undefined ? await metadataToken(options, signal) : undefined;
    if (file === undefined && ambient === undefined)
      throw new PromotionError('IDENTITY', `${what}: there are no Google credentials`, {
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
    return (await askJson(options.fetch, question, `${what} from`, Generated)).token;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PromotionError) || error.code === 'IDENTITY') throw error;
    throw new PromotionError('IDENTITY', `${what}: ${error.message}`, { cause: error, hint });
  }
}
