import { z } from 'zod';
import { count, described } from './values.ts';

/** Counts of digests, each on its primary. `summarized`, `carried` and `stuck` are absent if zero. */
export const Signing = z.strictObject({
  signed: count,
  recorded: count,
  complete: described(count, 'Digests that already had a signature and a record.'),
  left: described(count, 'Digests still without a signature or record.'),
  unsigned: described(
    count,
    'Digests without a signature that are too old for --repair-since, so they were not checked.',
  ),
  summarized: count.optional(),
  /** Attestations copied from staging. */
  carried: count.optional(),
  /** Digests that keep a verification summary that failed or evaluated nothing. */
  stuck: count.optional(),
});

export const Totals = z.strictObject({
  images: described(count, 'Source digests that the manifests name; with a diff, those that it touches.'),
  /** With a diff: images that it does not touch, which were not checked. */
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
    'References whose state could not be found out: on a mirror that could not be read (also counted in `failed`), or because the run was stopped.',
  ),
  promoted: described(count, 'Images that this run wrote and that are now complete on all mirrors.'),
  requests: count,
  bytes: described(count, 'Sent and received.'),
  sourceReads: count,
  signing: Signing.optional(),
});

/** How a run used the inventory cache. */
export const Inventory = z.strictObject({
  believed: described(count, 'Repositories that were not read: by the inventory cache they are complete.'),
  since: described(z.iso.datetime().optional(), 'When the oldest of them was last read.'),
  checked: described(count, 'Repositories that are complete by the inventory cache, and were read nevertheless.'),
  changed: described(count, 'Those among them that were complete, but held other tags or manifests than before.'),
  wrong: described(
    z.array(z.string()),
    'Those among them that lacked something. If there are any, no other repository was believed.',
  ),
});

export const Registry = z.strictObject({
  host: z.string(),
  repositories: count,
  failed: described(count, 'Repositories that could not be read, and references that could not be written.'),
  unread: described(count, 'The repositories among them.'),
  requests: count,
  bytes: count,
});
