import { asPromotionError, isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { BlobTransfer, TransferServices } from './blob-transfer.ts';
import { HOLD_UP_TO, type CopyJob, type CopyResult, type CopiedMirror, type Shared } from './types.ts';
import { heldBlob } from './held-blob.ts';
import { openImageTree, treeSource, type ImageTree } from '../image/image-tree.ts';
import { lacksParts, mirrorFor, writeManifests, writeRoot, type Mirror, type TagMove } from './mirror.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import { readBack } from './read-back.ts';
import { teedBlob } from './teed-blob.ts';

/** One image that is being copied to its mirrors. */
type Work = {
  readonly shared: Shared;
  readonly job: CopyJob;
  readonly signal: AbortSignal;
  readonly began: number;
  readonly reads: { count: number };
  readonly root: Manifest;
  /** Read when the first target needs more than the root manifest. */
  readonly tree: () => Promise<ImageTree>;
  /** Releases the memory of the tree. */
  readonly close: () => void;
};

/**
 * Copies one image to all its targets in parallel; a failure of one does not affect the others. Calls `settled` for
 * each target.
 */
export async function copyImage(
  shared: Shared,
  job: CopyJob,
  signal: AbortSignal,
  settled: () => void,
): Promise<CopyResult> {
  const mirrors = job.targets.map((target) => mirrorFor(target, { requests: 0, bytes: 0 }, signal));
  const reads = { count: 0 };
  const began = shared.clock.now();
  let work: Work | undefined;
  try {
    work = await begin({ shared, job, signal, reads, began });
    const begun = work;
    const copying = mirrors.filter(({ target }) => target.action === 'copy').length;
    const transfers = once(async () =>
      transfersOf(begun, (await begun.tree()).blobs, copying, shared.budget, (mirror, send) =>
        shared.slowPoolOf(mirror).reads(send),
      ),
    );
    const results = mirrors.map(async (mirror) => {
      const result = await settleLane(begun, mirror, transfers);
      settled();
      return result;
    });
    return { mirrors: await Promise.all(results), sourceReads: reads.count };
  } catch (failure) {
    const error = asFailure(failure, signal);
    const ms = shared.clock.now() - began;
    return {
      mirrors: mirrors.map(({ target, meter }) => ({ target, meter, moves: [], attempts: 1, ms, error })),
      sourceReads: reads.count,
    };
  } finally {
    work?.close();
  }
}

async function begin(given: Omit<Work, 'root' | 'tree' | 'close'>): Promise<Work> {
  const { shared, job, signal, reads } = given;
  const read = async (digest: Digest): Promise<Manifest | undefined> => {
    reads.count += 1;
    return shared.source.manifest(job.source, digest, signal).catch(blameSource);
  };
  const root = (await read(job.digest)) ?? lost(job);
  // The root is in memory: as a part of the tree it is not read again.
  const part = (digest: Digest): Promise<Manifest | undefined> =>
    digest === job.digest ? Promise.resolve(root) : read(digest);
  let close = (): void => undefined;
  const tree = async (): Promise<ImageTree> => {
    const parts = { ...treeSource(shared.source, job.source, signal), read: part };
    const open = await openImageTree(job.digest, job.source, parts);
    if (open === undefined) return lost(job);
    ({ close } = open);
    return open.tree;
  };
  return { ...given, root, tree: once(tree), close: () => close() };
}

function lost({ source, digest }: CopyJob): never {
  throw new PromotionError('LOST', `${source}@${digest} is no longer in the source registry`, {
    side: 'source',
    hint: 'push it to staging again',
  });
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/** Rethrows an error of the source, which another upload to a mirror could not fix. */
function blameSource(error: unknown): never {
  if (!(error instanceof PromotionError) || error.side !== undefined) throw error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  throw new PromotionError(error.code, error.message, { side: 'source', cause: error, ...hint });
}

function transfersOf(
  { shared, job, signal, reads }: Work,
  blobs: readonly Descriptor[],
  mirrors: number,
  budget: MemoryBudget,
  alone: TransferServices['alone'],
): BlobTransfer[] {
  const readSource: TransferServices['readSource'] = async function* (blob, part) {
    reads.count += 1;
    try {
      yield* shared.registry.readBlob(job.source, blob, { signal, meter: shared.meterOf(job.source) }, part);
    } catch (error) {
      blameSource(error);
    }
  };
  const services: TransferServices = { ...shared, budget, alone, readSource, source: job.source };
  return blobs.map((blob) =>
    blob.size <= HOLD_UP_TO ? heldBlob(services, blob, mirrors, signal) : teedBlob(services, blob, mirrors, signal),
  );
}

async function settleLane(work: Work, mirror: Mirror, transfers: Transfers): Promise<CopiedMirror> {
  const { target, meter } = mirror;
  let error: PromotionError | undefined;
  let moves: readonly TagMove[] = [];
  try {
    moves = await publish(work, mirror, transfers).catch((failure: unknown) => tryAlone(work, mirror, failure));
  } catch (failure) {
    error = asFailure(failure, work.signal);
  }
  const ms = work.shared.clock.now() - work.began;
  const isUnseen = error !== undefined && mirror.isWritten && { isWritten: true as const };
  return { target, meter, ms, moves, attempts: mirror.attempts, ...(error !== undefined && { error }), ...isUnseen };
}

type Transfers = () => Promise<readonly BlobTransfer[]>;

/**
 * Writes blobs, then manifests, and reads the result back. A mirror that has the image and only lacks tags needs only
 * the root.
 */
async function publish(
  { shared, root, tree }: Work,
  mirror: Mirror,
  transfers: Transfers,
): Promise<readonly TagMove[]> {
  if (mirror.target.action === 'tag') {
    const moves = await writeRoot(shared.registry, mirror, root);
    mirror.isWritten = true;
    await readBack(shared, mirror, root, [], moves);
    return moves;
  }
  await deliverAll(mirror, await transfers());
  const all = await tree();
  const moves = await writeManifests(shared.registry, mirror, all);
  mirror.isWritten = true;
  await readBack(shared, mirror, all.root, all.levels.flat(), moves);
  return moves;
}

/**
 * Waits for all transfers to a target; the first failure stops the others of this target. Every transfer learns that
 * the target has ended, so that none waits for it.
 */
async function deliverAll(mirror: Mirror, transfers: readonly BlobTransfer[]): Promise<void> {
  const failures: unknown[] = [];
  const deliver = async (transfer: BlobTransfer): Promise<void> => {
    try {
      await transfer.deliver(mirror);
    } catch (error) {
      failures.push(error);
      mirror.stop(error);
    }
  };
  await Promise.all(transfers.map(deliver));
  if (failures.length > 0) throw failures[0];
}

/** Copies again for one mirror that lagged behind, or that turned out to lack blobs that it was thought to have. */
async function tryAlone(work: Work, mirror: Mirror, failure: unknown): Promise<readonly TagMove[]> {
  const { shared, signal } = work;
  const lacks = lacksParts(failure);
  if (signal.aborted || !(lacks || isPromotionError(failure, 'LAGGING'))) throw failure;
  const { blobs } = await work.tree();
  if (lacks) for (const blob of blobs) shared.ledger.forget(mirror.target.repository, blob.digest);
  const { copies, budget } = shared.slowPoolOf(mirror);
  const again = mirrorFor({ ...mirror.target, action: 'copy' }, mirror.meter, signal, lacks);
  return copies(() =>
    publish(work, again, async () => transfersOf(work, blobs, 1, budget, (_, send) => send())),
  ).finally(() => {
    mirror.attempts += again.attempts;
    mirror.isWritten = again.isWritten;
  });
}

function asFailure(error: unknown, signal: AbortSignal): PromotionError {
  if (signal.aborted)
    return new PromotionError('ABORTED', 'the run was stopped before this was complete', {
      cause: error,
      hint: 'run again to continue',
    });
  return asPromotionError(error, signal);
}
