import { info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';

/** Proposals of promotions. */
export const PROPOSAL = {
  'staging-awaited': ({ seconds, missing }) => [info(`Waiting ${seconds} s at most for staging: ${missing}`)],
  'staging-unlisted': ({ file, reason }) => [
    warning(
      `Reading only images that ${file} names, since the registry does not list its repositories: ${reason}; name others with --image`,
    ),
  ],
  'reviews-refused': ({ reason }) => [warning(reason)],
} satisfies Partial<Renderers>;
