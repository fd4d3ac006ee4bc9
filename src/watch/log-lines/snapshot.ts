import { hostOf } from '../../image/reference.ts';
import { info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Snapshots of registries. */
export const SNAPSHOT = {
  'attached-omitted': ({ count, from }) => {
    const omitted =
      from === undefined
        ? `: ${count} manifests that name a subject`
        : ` of ${from}: ${count} signatures or other attached manifests`;
    return [info(`Left out of the snapshot${omitted}; --snapshot-attached includes them`)];
  },
  'below-unlisted': ({ name, reason }) => [
    warning(`Only ${name} itself is in the snapshot, not what may be below it: ${reason}`),
  ],
  'tag-gone': ({ ref }) => [warning(`${ref} is listed, but is no longer there`)],
  'index-unsupported': ({ reason }) => [warning(`${reason}; what it names is kept`)],
  'children-omitted': () => [info(UPSTREAM.childrenOmitted)],
  *'listing-limited'({ name, knowsUntagged, cut }) {
    if (!knowsUntagged) yield warning(`${hostOf(name)} lists only tags: digests without a tag are not in the snapshot`);
    for (const repository of cut)
      yield warning(
        `The list of ${repository} is so long that its registry may have cut it: the snapshot may lack something`,
      );
  },
  'snapshot-empty': ({ name, tag, isOfManifests }) => {
    const nothing = isOfManifests ? `no manifest promotes anything to ${name}` : `there is nothing at or below ${name}`;
    const why = tag === undefined ? nothing : `nothing at or below ${name} has the tag ${tag}`;
    return [warning(`The snapshot is empty: ${why}; check the name`)];
  },
} satisfies Partial<Renderers>;
