import { z } from 'zod';
import { isPromotionError } from '../../../errors.ts';
import { askJson } from '../ask.ts';
import type { GoogleOptions } from './google.ts';
import { credentialProblem } from '../problem.ts';

/** An access token; `expires` in milliseconds since the epoch. */
export type AccessToken = { readonly token: string; readonly expires: number };

// https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
const MetadataToken = z.object({ access_token: z.string().min(1), expires_in: z.number() });

const PATH = '/computeMetadata/v1/instance/service-accounts/default/token';

/** Where no metadata server is said to be, one that is there answers within this; elsewhere packets vanish. In milliseconds. */
const PROBE = 3_000;
/** Where one is said to be, it may be starting: on GKE that takes seconds. */
const PATIENCE = 20_000;

/**
 * The token of the machine's own service account; undefined where there is no metadata server or the machine has no
 * account. GCE_METADATA_HOST and METADATA_SERVER_DETECTION (`none`, `assume-present`) mean what they mean to Google's libraries.
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
  const cancel = clock.timer(certain ? PATIENCE : PROBE, () => deadline.abort());
  try {
    const { access_token: token, expires_in: life } = await askJson(
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
    const late = deadline.signal.aborted ? new Error(`no answer within ${PATIENCE / 1000} s`) : error;
    throw credentialProblem(
      'the metadata server gave no token',
      'check GCE_METADATA_HOST and the service account',
      late,
    );
  } finally {
    cancel();
  }
}

/** Nothing answers there, or something that is no metadata server of Google's, as on the machines of other clouds. */
function isNobody(error: unknown): boolean {
  return ['NETWORK', 'TIMEOUT', 'NOT_FOUND', 'REGISTRY_PROTOCOL', 'UNAUTHORIZED', 'DENIED'].some(
    (code) => isPromotionError(error) && error.code === code,
  );
}
