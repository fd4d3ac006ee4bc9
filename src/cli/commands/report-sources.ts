import { open } from 'node:fs/promises';
import { isPassing, isPromotionError, PromotionError, ReasonError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { parseJson } from '../../image/json.ts';
import { pullArtifact } from '../../registry/artifact.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { isShardReport, type ShardReport } from '../../report/merge/share-problems.ts';
import { ReportDocument } from '../../report/model/schema.ts';
import type { ReportSource } from '../options/commands/report.ts';
import { MOST_SHARDS } from '../options/shard.ts';
import { REPORT_TITLE } from '../output/write-report.ts';

/** The largest report that is read, in bytes: that of some 12,000 images to be copied to 22 mirrors. */
const MAX_REPORT = 128 * 1024 * 1024;

/** What was read from one source: a report, or why there is none. `isFinal`: waiting does not help. */
export type ReadSource =
  | { readonly report: ShardReport }
  | { readonly reason: string; readonly isFinal: boolean; readonly hint?: string | undefined };

/** Reads reports of shards, as often as it is called; an artifact only if its tag moved meanwhile. */
export type SourceReading = (source: ReportSource) => Promise<ReadSource>;

/** Returns a reader of files and artifacts. Throws only if the run is being stopped, or for a defect. */
export function sourceReading(registry: RegistryReader, call: Call): SourceReading {
  const known = new Map<string, { readonly digest: Digest; readonly read: ReadSource }>();
  return async ({ text, artifact }) => {
    try {
      if (artifact === undefined) return reportIn(await fileBytes(text));
      const { repository, tag, digest } = artifact;
      const found = await registry.resolveManifest(repository, digest ?? tag ?? '', call);
      if (found === undefined) return { reason: 'the registry does not have it', isFinal: false };
      const before = known.get(text);
      if (before?.digest === found.digest) return before.read;
      const pulled = await pullArtifact(registry, repository, found.digest, { maxBytes: MAX_REPORT }, call);
      const bytes = pulled?.files.get(REPORT_TITLE);
      if (bytes === undefined) throw new ReasonError(`the artifact has no file ${REPORT_TITLE}`);
      const read = reportIn(bytes);
      known.set(text, { digest: found.digest, read });
      return read;
    } catch (error) {
      call.signal.throwIfAborted();
      if (error instanceof ReasonError) return { reason: error.message, isFinal: true };
      if (isPromotionError(error)) return { reason: error.message, isFinal: !isPassing(error), hint: error.hint };
      if (isMissingFile(error)) return { reason: 'there is no such file', isFinal: false };
      if (isSystemError(error)) return { reason: error.message, isFinal: true };
      throw error;
    }
  };
}

async function fileBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size > MAX_REPORT) throw new ReasonError(`it has ${size} bytes, more than ${MAX_REPORT}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

function isMissingFile(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT';
}

/** Parses the report of a shard. Throws a ReasonError for anything else. */
function reportIn(bytes: Uint8Array): ReadSource {
  const { data, error } = ReportDocument.safeParse(parseJson(bytes));
  if (data === undefined) {
    const [issue] = error.issues;
    const place = issue?.path.join('.') ?? '';
    throw new ReasonError(
      `it is not a JSON report of this version of kpromo: ${place === '' ? '' : `${place}: `}${issue?.message}`,
    );
  }
  if (!isShardReport(data)) throw new ReasonError('it is the report of a whole run, not of a shard (--shard)');
  const { index, of, version } = data.shard;
  if (of < 1 || of > MOST_SHARDS || index >= of)
    throw new ReasonError(`it is of shard ${index} of ${of}, which cannot be`);
  if (version !== data.kpromo) throw new ReasonError(`it is of two versions of kpromo: ${version} and ${data.kpromo}`);
  return { report: data };
}

/** Returns the error for reports of which none can be used. */
export function noReport(problems: readonly { readonly message: string }[]): PromotionError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new PromotionError('SHARD_MISSING', `no report can be used: ${first?.message}${more}`, {
    hint: 'check the paths and addresses, and that the shards wrote their reports with --report',
  });
}
