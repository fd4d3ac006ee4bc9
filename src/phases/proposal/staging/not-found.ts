import { isPromotionError, type PromotionError } from '../../../errors.ts';
import type { Context } from '../../../pipeline/phase.ts';
import { few } from '../../../text/layout.ts';
import type { SnapshotReader } from '../../snapshot/held-manifests.ts';
import type { Choice } from './choose.ts';
import { nearestTexts } from './nearest.ts';
import { readStaging } from './read-staging.ts';
import { refusal } from '../refusal.ts';
import type { Place, ProposalRequest } from '../request.ts';

const CORRECT = 'nothing is written; correct the names, or wait for the build with --wait 30m';

/** Returns the error for a request that staging cannot meet, with the missing parts, the nearest names and the parts that were found. */
export async function notFound(
  registry: SnapshotReader,
  { project, root }: Place,
  { images }: ProposalRequest,
  { missing, chosen }: Choice,
  context: Context,
): Promise<PromotionError> {
  const named = new Set(chosen.map(({ name }) => name));
  const absent = images.filter((name) => !named.has(name));
  const known = absent.length === 0 ? [] : await namesIn(registry, { project, root }, context);
  const near = absent.flatMap((name) => {
    const text = nearestTexts(
      name,
      known.filter((other) => other !== name),
    );
    return text === '' ? [] : [`image ${name}${text}`];
  });
  const found = chosen.map(({ name, tag, digest }) => `${name}:${tag} (${digest})`);
  const all = [...missing, ...near, found.length === 0 ? 'nothing was found' : `found: ${few(found, 20)}`];
  return refusal('NOT_FOUND', 'not everything that was asked for is in staging', CORRECT, all);
}

/** Returns names that may have been meant: of the tree and, if the registry lists them, of staging. */
async function namesIn(registry: SnapshotReader, place: Place, context: Context): Promise<readonly string[]> {
  const known = place.project.images.map(({ name }) => name);
  try {
    return [...new Set([...known, ...(await readStaging(registry, place, [], context)).keys()])];
  } catch (error) {
    if (!isPromotionError(error)) throw error;
    return known;
  }
}
