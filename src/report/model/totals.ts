import { z } from 'zod';
import { count, described } from './values.ts';

/** Counts of digests, each on its primary; `summarized` to `stuck` only where there was some. */
export const Signing = z.strictObject({
  signed: count,
  recorded: count,
  complete: described(count, 'Looked at and found to have all of it.'),
  left: described(count, 'Still without a signature or record.'),
  unsigned: described(count, 'Without a signature, and not looked at as they are older than what is repaired.'),
  summarized: count.optional(),
  /** Attestations of staging. */
  carried: count.optional(),
  /** Digests whose verification summary failed or evaluated nothing, and is kept. */
  stuck: count.optional(),
});

export const Totals = z.strictObject({
  images: described(count, 'Source digests that the manifests name, or with a diff those that it touches.'),
  /** With a diff: images that are named besides, and were not looked at. */
  unchanged: count.optional(),
  /** Destination repositories. */
  repositories: count,
  present: described(count, 'Image × mirror pairs that were complete before.'),
  pending: count,
  copied: count,
  tagged: count,
  failed: described(count, 'References that could not be planned, read or written.'),
  unknown: described(
    count,
    'References of which nobody knows whether they are there: of a mirror that could not be read (in `failed`, too), or of a run that was stopped.',
  ),
  promoted: described(count, 'Images that this run wrote and that are complete on all their mirrors.'),
  requests: count,
  bytes: described(count, 'Sent and received.'),
  sourceReads: count,
  signing: Signing.optional(),
});

export const Registry = z.strictObject({
  host: z.string(),
  repositories: count,
  failed: described(count, 'Repositories that could not be read, and references that could not be written.'),
  unread: described(count, 'The repositories among them.'),
  requests: count,
  bytes: count,
});
