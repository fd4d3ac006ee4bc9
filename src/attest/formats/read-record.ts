import { z } from 'zod';

/** What a promotion record says about its promotion. */
export type ReadRecord = {
  readonly time: string;
  readonly builder: string | undefined;
  readonly source: string | undefined;
  /** The file of the entry, with the commit of the manifests. */
  readonly manifest: string | undefined;
  readonly job: string | undefined;
  readonly build: string | undefined;
};

const text = z.string().optional();
const Predicate = z.looseObject({
  timestamp: z.string(),
  builderId: text,
  srcRef: text,
  manifest: z.looseObject({ name: text, digest: z.record(z.string(), z.string()).optional() }).optional(),
  job: z.looseObject({ name: text, buildId: text }).optional(),
});

/** Parses the predicate of a promotion record; returns undefined if it has no time. */
export function readRecord(predicate: unknown): ReadRecord | undefined {
  const { data } = Predicate.safeParse(predicate);
  if (data === undefined) return undefined;
  const { timestamp: time, builderId: builder, srcRef: source, manifest, job } = data;
  const commit = manifest?.digest?.['gitCommit'];
  const file = manifest?.name && `${manifest.name}${commit === undefined ? '' : ` at ${commit}`}`;
  return { time, builder, source, manifest: file, job: job?.name, build: job?.buildId };
}
