import { z } from 'zod';
import { isPromotionError } from '../../../errors.ts';
import { fetchJson } from '../fetch-json.ts';
import type { GoogleOptions } from './options.ts';
import { credentialProblem } from '../problem.ts';

/** An access token. `expires` is in milliseconds since the epoch. */
export type AccessToken = { readonly token: string; readonly expires: number };

// https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
const MetadataToken = z.object({ access_token: z.string().min(1), expires_in: z.number() });

const PATH = '/computeMetadata/v1/instance/service-accounts/default/token';

/**
 * Time limit in milliseconds if the environment does not name a metadata server: one that exists answers sooner,
 * elsewhere packets are lost.
 */
const PROBE = 3_000;
/** Time limit in milliseconds if the environment names one: on GKE it may take seconds to start. */
const PATIENCE = 20_000;

/**
 * Returns the access token of the machine's own service account. Returns undefined if there is no metadata server or
 * the machine has no account. GCE_METADATA_HOST and METADATA_SERVER_DETECTION (`none`, `assume-present`) work as in
 * Google's libraries.
 */
export async function metadataToken(
  { clock, env, fetch }: GoogleOptions,
  signal: AbortSignal,
): Promise<AccessToken | undefined> {
  const named = env['GCE_METADATA_HOST'] || env['GCE_METADATA_IP'];
  const detection = env['METADATA_SERVER_DETECTION']?.trim().toLowerCase();
  if (detection === 'none') return undefined;
  const certain = named !== undefined || detection === 'assume-present';
  const deadline = new AbortController();
  const cancel = clock.limit(certain ? PATIENCE : PROBE, () => deadline.abort());
  try {
    const { access_token: token, expires_in: life } = await fetchJson(
      fetch,
      {
        method: 'GET',
        url: new URL(PATH, `http://${named ?? '169.254.169.254'}`),
        headers: { 'metadata-flavor': 'Google' },
        metadata: 'google',
        signal: AbortSignal.any([signal, deadline.signal]),
      },
      'getting a Google access token from',
      MetadataToken,
    );
    return { token, expires: clock.now() + life * 1000 };
  } catch (error) {
    signal.throwIfAborted();
    if (!certain && (deadline.signal.aborted || isNobody(error))) return undefined;
    if (isPromotionError(error, 'NOT_FOUND')) return undefined;
    const late = deadline.signal.aborted ? new Error(`no response within ${PATIENCE / 1000} s`) : error;
    throw credentialProblem(
      'the metadata server returned no token',
      'check GCE_METADATA_HOST and the service account',
      late,
    );
  } finally {
    cancel();
  }
}

/** True if no metadata server answered there, or one that is not Google's, as on the machines of other clouds. */
function isNobody(error: unknown): boolean {
  return ['NETWORK', 'TIMEOUT', 'NOT_FOUND', 'REGISTRY_PROTOCOL', 'UNAUTHORIZED', 'DENIED'].some(
    (code) => isPromotionError(error) && error.code === code,
  );
}
