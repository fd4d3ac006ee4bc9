import { debug, info } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Attachments copied to mirrors. */
export const REPLICATION = {
  'primaries-listed': ({ repositories }) => [info(`Reading ${repositories} primary repositories`)],
  'mirrors-listed': ({ repositories }) => [
    info(`Reading ${repositories} mirror repositories of images that have something attached`),
  ],
  'copies-planned': ({ copies }) => [info(copies === 0 ? UPSTREAM.replicated : UPSTREAM.copiesNeeded(copies))],
  *'attachment-copied'({ subject: digest, from, primary, isGone, copies }) {
    const fields = { digest, source: from };
    if (isGone) yield info(`${from} is gone from its registry: nothing to copy`, { ...fields, mirror: primary });
    for (const { repository, ref } of copies)
      yield debug(UPSTREAM.copiedSignature(from, ref), { ...fields, mirror: repository });
    const [first] = copies;
    if (first === undefined) return;
    const others = copies.length === 1 ? '' : ` and ${copies.length - 1} more`;
    yield info(`${UPSTREAM.copiedSignature(from, first.ref)}${others}`, { ...fields, mirror: first.repository });
  },
} satisfies Partial<Renderers>;
