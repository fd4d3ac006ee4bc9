import { z } from 'zod';
import { described } from './values.ts';

/** How the wanted state of one image changes, and on which mirrors. */
export const ImageChange = z.strictObject({
  kind: z.enum(['added', 'retagged', 'backfilled', 'resourced']),
  project: z.string(),
  name: z.string(),
  digest: z.string(),
  source: z.string(),
  tags: z.array(z.string()),
  mirrors: z.array(z.string()),
});

/** A setting of a project that affects what may be promoted. A side without the setting is absent. */
export const Setting = z.strictObject({
  kind: z.enum(['source', 'registries', 'primary', 'provenance', 'artifactTypes', 'vulnerabilities']),
  project: z.string(),
  file: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
});

/** The effect of a change of the manifests, in a run that processes only a diff. */
export const Change = z.strictObject({
  commit: described(z.string().optional(), 'The commit that the tree is compared with; absent if it had no manifests.'),
  changes: z.array(ImageChange),
  removed: described(z.array(ImageChange), 'Images that are no longer managed; they stay in production.'),
  settings: described(z.array(Setting).optional(), 'Changed registries, sources and policies of projects.'),
});
