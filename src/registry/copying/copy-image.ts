import { asPromotionError, isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { BlobTransfer, TransferServices } from './blob-transfer.ts';
import { HOLD_UP_TO, type CopyJob, type CopyResult, type LaneResult, type Shared } from './types.ts';
import { heldBlob } from './held-blob.ts';
import { openImageTree, treeSource, type ImageTree } from '../image/image-tree.ts';
import { lacksParts, laneFor, writeManifests, writeRoot, type Lane, type TagMove } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { readBack } from './read-back.ts';
import { teedBlob } from './teed-blob.ts';

/** One image on its way to its mirrors. */
type Work = {
  readonly shared: Shared;
  readonly job: CopyJob;
  readonly signal: AbortSignal;
  readonly began: number;
  readonly reads: { count: number };
  readonly root: Manifest;
  /** Read when the first target needs more than the root. */
  readonly tree: () => Promise<ImageTree>;
  /** Gives back the memory that the tree takes. */
  readonly close: () => void;
};

/** Brings one image to all its targets side by side; what fails on one leaves the others alone. `settled` is called for each. */
export async function copyImage(
  shared: Shared,
  job: CopyJob,
  signal: AbortSignal,
  settled: () => void,
): Promise<CopyResult> {
  const lanes = job.targets.map((target) => laneFor(target, { requests: 0, bytes: 0 }, signal));
  const reads = { count: 0 };
  const began = shared.clock.now();
  let work: Work | undefined;
  try {
    work = await begin({ shared, job, signal, reads, began });
    const begun = work;
    const copying = lanes.filter(({ target }) => target.action === 'copy').length;
    const transfers = once(async () =>
      transfersOf(begun, (await begun.tree()).blobs, copying, shared.budget, (lane, send) =>
        shared.sidingOf(lane).reads(send),
      ),
    );
    const results = lanes.map(async (lane) => {
      const result = await settleLane(begun, lane, transfers);
      settled();
      return result;
    });
    return { lanes: await Promise.all(results), sourceReads: reads.count };
  } catch (failure) {
    const error = asFailure(failure, signal);
    const ms = shared.clock.now() - began;
    return {
      lanes: lanes.map(({ target, meter }) => ({ target, meter, moves: [], attempts: 1, ms, error })),
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
  // The root is here: asked for as a part of the tree, it is not read again.
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

/** A trouble of the source is nothing that another upload to a mirror could cure. */
function blameSource(error: unknown): never {
  if (!(error instanceof PromotionError) || error.side !== undefined) throw error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  throw new PromotionError(error.code, error.message, { side: 'source', cause: error, ...hint });
}

function transfersOf(
  { shared, job, signal, reads }: Work,
  blobs: readonly Descriptor[],
  lanes: number,
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
    blob.size <= HOLD_UP_TO ? heldBlob(services, blob, lanes, signal) : teedBlob(services, blob, lanes, signal),
  );
}

async function settleLane(work: Work, lane: Lane, transfers: Transfers): Promise<LaneResult> {
  const { target, meter } = lane;
  let error: PromotionError | undefined;
  let moves: readonly TagMove[] = [];
  try {
    moves = await publish(work, lane, transfers).catch((failure: unknown) => tryAlone(work, lane, failure));
  } catch (failure) {
    error = asFailure(failure, work.signal);
  }
  const ms = work.shared.clock.now() - work.began;
  const isUnseen = error !== undefined && lane.isWritten && { isWritten: true as const };
  return { target, meter, ms, moves, attempts: lane.attempts, ...(error !== undefined && { error }), ...isUnseen };
}

type Transfers = () => Promise<readonly BlobTransfer[]>;

/** Blobs, then manifests, then the read-back; a mirror that has the image and only lacks tags needs its root alone. */
async function publish({ shared, root, tree }: Work, lane: Lane, transfers: Transfers): Promise<readonly TagMove[]> {
  if (lane.target.action === 'tag') {
    const moves = await writeRoot(shared.registry, lane, root);
    lane.isWritten = true;
    await readBack(shared, lane, root, [], moves);
    return moves;
  }
  await deliverAll(lane, await transfers());
  const all = await tree();
  const moves = await writeManifests(shared.registry, lane, all);
  lane.isWritten = true;
  await readBack(shared, lane, all.root, all.levels.flat(), moves);
  return moves;
}

/** Every transfer is told of the lane's end, so that none waits for it; the first failure stops the others of this lane. */
async function deliverAll(lane: Lane, transfers: readonly BlobTransfer[]): Promise<void> {
  const failures: unknown[] = [];
  const deliver = async (transfer: BlobTransfer): Promise<void> => {
    try {
      await transfer.deliver(lane);
    } catch (error) {
      failures.push(error);
      lane.leave(error);
    }
  };
  await Promise.all(transfers.map(deliver));
  if (failures.length > 0) throw failures[0];
}

/** A mirror that fell behind, or turned out to lack blobs it was thought to have, gets a copy of its own. */
async function tryAlone(work: Work, lane: Lane, failure: unknown): Promise<readonly TagMove[]> {
  const { shared, signal } = work;
  const lacks = lacksParts(failure);
  if (signal.aborted || !(lacks || isPromotionError(failure, 'LAGGING'))) throw failure;
  const { blobs } = await work.tree();
  if (lacks) for (const blob of blobs) shared.ledger.forget(lane.target.repository, blob.digest);
  const { copies, budget } = shared.sidingOf(lane);
  const again = laneFor({ ...lane.target, action: 'copy' }, lane.meter, signal, lacks);
  return copies(() =>
    publish(work, again, async () => transfersOf(work, blobs, 1, budget, (_, send) => send())),
  ).finally(() => {
    lane.attempts += again.attempts;
    lane.isWritten = again.isWritten;
  });
}

function asFailure(error: unknown, signal: AbortSignal): PromotionError {
  if (signal.aborted)
    return new PromotionError('ABORTED', 'the run was stopped before this was complete', {
      cause: error,
      hint: 'run again: it goes on where it stopped',
    });
  return asPromotionError(error, signal);
}
