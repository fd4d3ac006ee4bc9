import { z } from 'zod';
import { described } from './values.ts';

/** How what is wanted of one image differs, on which mirrors. */
export const ImageChange = z.strictObject({
  kind: z.enum(['added', 'retagged', 'backfilled', 'resourced']),
  project: z.string(),
  name: z.string(),
  digest: z.string(),
  source: z.string(),
  tags: z.array(z.string()),
  mirrors: z.array(z.string()),
});

/** One thing about a project that decides what may be promoted; absent on the side where there is none. */
export const Setting = z.strictObject({
  kind: z.enum(['source', 'registries', 'primary', 'provenance', 'artifactTypes', 'vulnerabilities']),
  project: z.string(),
  file: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
});

/** What a change of the manifests does, where a run looks at nothing else. */
export const Change = z.strictObject({
  commit: described(z.string().optional(), 'What the tree is compared with; absent when there was nothing before.'),
  changes: z.array(ImageChange),
  removed: described(z.array(ImageChange), 'What is no longer managed; it stays in production.'),
  settings: described(
    z.array(Setting).optional(),
    'What differs in where images come from and go to, and in what is asked of them.',
  ),
});
