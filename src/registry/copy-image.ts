import { isPromotionError, PromotionError } from '../errors.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { BlobTransfer, TransferServices } from './blob-transfer.ts';
import { HOLD_UP_TO, type CopyJob, type CopyResult, type LaneResult, type Shared } from './copy-shared.ts';
import { heldBlob } from './held-blob.ts';
import { readImageTree, type ImageTree } from './image-tree.ts';
import { lacksParts, laneFor, readBack, writeManifests, writeRoot, type Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { teedBlob } from './teed-blob.ts';

/** One image on its way to its mirrors. */
type Work = {
  readonly shared: Shared;
  readonly job: CopyJob;
  readonly signal: AbortSignal;
  readonly began: number;
  readonly reads: { count: number };
  readonly root: Manifest;
  readonly tree: () => Promise<ImageTree>;
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
  try {
    const work = await begin(shared, job, signal, reads);
    const copying = lanes.filter(({ target }) => target.action === 'copy');
    const blobs = copying.length === 0 ? [] : (await work.tree()).blobs;
    const transfers = transfersOf(work, blobs, copying.length, shared.budget, (lane, send) =>
      shared.sidingOf(lane).limit(send),
    );
    const results = lanes.map(async (lane) => {
      const result = await settleLane(work, lane, transfers);
      settled();
      return result;
    });
    return { lanes: await Promise.all(results), sourceReads: reads.count };
  } catch (error) {
    const failure = asFailure(error, signal);
    return {
      lanes: lanes.map(({ target, meter }) => ({ target, meter, attempts: 1, ms: 0, error: failure })),
      sourceReads: reads.count,
    };
  }
}

async function begin(shared: Shared, job: CopyJob, signal: AbortSignal, reads: Work['reads']): Promise<Work> {
  const read = (digest: Digest): Promise<Manifest | undefined> => {
    reads.count += 1;
    return shared.source.manifest(job.source, digest, signal);
  };
  const root = await read(job.digest);
  if (root === undefined) {
    throw new PromotionError('LOST', `${job.source}@${job.digest} is no longer in the source registry`, {
      side: 'source',
      hint: 'push it to staging again',
    });
  }
  let tree: Promise<ImageTree> | undefined;
  return {
    shared,
    job,
    signal,
    reads,
    root,
    began: shared.clock.now(),
    tree: () => (tree ??= readImageTree(root, job.source, read)),
  };
}

function transfersOf(
  { shared, job, signal, reads }: Work,
  blobs: readonly Descriptor[],
  lanes: number,
  budget: MemoryBudget,
  alone: TransferServices['alone'],
): BlobTransfer[] {
  const readSource = (blob: Descriptor): AsyncIterable<Uint8Array> => {
    reads.count += 1;
    return shared.registry.readBlob(job.source, blob, { signal, meter: shared.meterOf(job.source) });
  };
  const services: TransferServices = { ...shared, budget, alone, readSource, source: job.source };
  return blobs.map((blob) =>
    blob.size <= HOLD_UP_TO ? heldBlob(services, blob, lanes, signal) : teedBlob(services, blob, lanes, signal),
  );
}

async function settleLane(work: Work, lane: Lane, transfers: readonly BlobTransfer[]): Promise<LaneResult> {
  const { target, meter } = lane;
  let error: PromotionError | undefined;
  try {
    await publish(work, lane, target.action === 'copy' ? transfers : undefined).catch((failure: unknown) =>
      tryAlone(work, lane, failure),
    );
  } catch (failure) {
    error = asFailure(failure, work.signal);
  }
  const ms = work.shared.clock.now() - work.began;
  return { target, meter, ms, attempts: lane.attempts, ...(error !== undefined && { error }) };
}

/** Blobs, then manifests, then the read-back; without transfers the image is there and only lacks tags. */
async function publish(
  { shared, root, tree }: Work,
  lane: Lane,
  transfers: readonly BlobTransfer[] | undefined,
): Promise<void> {
  if (transfers === undefined) await writeRoot(shared.registry, lane, root);
  else {
    await deliverAll(lane, transfers);
    await writeManifests(shared.registry, lane, await tree());
  }
  await readBack(shared.registry, lane, root, shared.clock);
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
async function tryAlone(work: Work, lane: Lane, failure: unknown): Promise<void> {
  const { shared, signal } = work;
  if (work.signal.aborted || !(lacksParts(failure) || isPromotionError(failure, 'LAGGING'))) throw failure;
  const { blobs } = await work.tree();
  if (lacksParts(failure)) for (const blob of blobs) shared.ledger.forget(lane.target.repository, blob.digest);
  lane.attempts += 1;
  const { limit, budget } = shared.sidingOf(lane);
  await limit(() => {
    const again = laneFor(lane.target, lane.meter, signal);
    const transfers = transfersOf(work, blobs, 1, budget, (_, send) => send());
    return publish(work, again, transfers);
  });
}

function asFailure(error: unknown, signal: AbortSignal): PromotionError {
  if (signal.aborted)
    return new PromotionError('ABORTED', 'the run was stopped before this was complete', {
      cause: error,
      hint: 'run again: it goes on where it stopped',
    });
  if (error instanceof PromotionError) return error;
  throw error;
}
