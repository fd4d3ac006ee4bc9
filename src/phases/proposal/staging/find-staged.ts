import type { Context } from '../../../pipeline/phase.ts';
import { few } from '../../../text/layout.ts';
import type { SnapshotReader } from '../../snapshot/held-manifests.ts';
import { choose, type Choice } from './choose.ts';
import { findTags } from './find-tags.ts';
import { notFound } from './not-found.ts';
import { readStaging } from './read-staging.ts';
import { refusal } from '../refusal.ts';
import type { Place, ProposalRequest } from '../request.ts';

/** Time between two questions, in milliseconds. A build takes minutes, and 30 minutes make no more than 120 questions. */
const EVERY = 15_000;

const OTHER_DIGESTS = 'leave --digests out to add the digests of staging, or give the digest another tag';

/** Finds all that was asked for in staging, if need be after waiting. Throws NOT_FOUND with all that is missing. */
export async function findStaged(
  registry: SnapshotReader,
  place: Place,
  request: ProposalRequest,
  context: Context,
): Promise<Pick<Choice, 'chosen' | 'leftOut'>> {
  const { clock, emit, signal } = context;
  const until = clock.elapsed() + request.wait;
  for (;;) {
    const choice = await look(registry, place, request, context);
    if (choice.refused.length > 0)
      throw refusal('TAG_CONFLICT', '--digests contradict staging', OTHER_DIGESTS, choice.refused);
    if (choice.missing.length === 0) return choice;
    const left = until - clock.elapsed();
    if (left <= 0) throw await notFound(registry, place, request, choice, context);
    emit({ type: 'staging-awaited', seconds: Math.ceil(left / 1000), missing: few(choice.missing) });
    await clock.wait(Math.min(EVERY, left), signal);
  }
}

async function look(
  registry: SnapshotReader,
  place: Place,
  request: ProposalRequest,
  context: Context,
): Promise<Choice> {
  const staging = await readStaging(registry, place, request.images, context);
  return choose(await findTags(registry, place.project.source, staging, request, context), request);
}
