import { z } from 'zod';
import type { TagPlace } from '../../errors.ts';
import { count } from './values.ts';

const Place = z.strictObject({
  digest: z.string(),
  file: z.string(),
  line: count,
  column: count,
  commit: z.string().optional().describe('The commit that gave the tag to the digest. Absent if it is not committed.'),
  pullRequest: count.optional().describe('The pull request that this commit merges, if its subject names one.'),
  unknown: z.string().optional().describe('Why the commit is not known.'),
});

/** Where a tag that moves in the tree was before, and where it is after. */
export const Places = z
  .array(Place)
  .optional()
  .describe('For a tag that moves in the tree: its place before, and its place after.');

/** Returns the places of a failure for a document; empty if it has none. */
export function placesOf(places: readonly TagPlace[] | undefined): { readonly places?: z.infer<typeof Place>[] } {
  if (places === undefined) return {};
  return {
    places: places.map(({ digest, at: { file, line, column }, commit, pullRequest, unknown }) => ({
      digest,
      file,
      line,
      column,
      ...(commit !== undefined && { commit }),
      ...(pullRequest !== undefined && { pullRequest }),
      ...(unknown !== undefined && { unknown }),
    })),
  };
}
