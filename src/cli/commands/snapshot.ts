import { rendering } from '../../watch/log-lines/render.ts';
import { failureOf, isPromotionError } from '../../errors.ts';
import type { Snapshot } from '../../image/snapshot.ts';
import { loadManifests } from '../../manifest/load.ts';
import { count } from '../../text/layout.ts';
import { snapshotText } from '../../report/terminal/snapshot.ts';
import { takeSnapshot, type SnapshotResult } from '../../snapshot.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../output/conclude.ts';
import { loadRequest } from '../wiring/manifests.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import type { Registries } from '../wiring/registries.ts';
import type { SnapshotCommandOptions } from '../options/commands/snapshot.ts';

/** Runs `kpromo cip --snapshot`: prints the snapshot if it is complete, and returns the exit code. */
export async function run(options: SnapshotCommandOptions, services: CommandServices): Promise<number> {
  const { registries } = await openConfigured(options.registries, services);
  try {
    const { snapshot, failures } = await taken(options, registries, services);
    if (failures.length === 0 && !services.signal.aborted) {
      services.stdout.write(snapshotText(snapshot, options.snapshot.format));
      services.narrate({ type: 'log', level: 'info', message: countsOf(options.snapshot.of, snapshot) });
    }
    const report = { failures, totals: { pending: 0 } };
    return conclude(report, { detailedExitcode: false }, services);
  } finally {
    await registries.close();
  }
}

async function taken(
  options: SnapshotCommandOptions,
  { registry }: Registries,
  { clock, narrate, signal }: CommandServices,
): Promise<SnapshotResult> {
  const { of, from, tag, minimal, attached } = options.snapshot;
  const context = { clock, emit: rendering(narrate), signal };
  // upstream ignores the flag, too, without a message
  const ignored = `--snapshot-tag=${tag} has no effect with --manifest-based-snapshot-of`;
  if (from === 'manifests' && tag !== undefined) narrate({ type: 'log', level: 'warning', message: ignored });
  const request = { of, minimal, attached, tag: from === 'registry' ? tag : undefined };
  const load = () => loadManifests(loadRequest(options.tree));
  try {
    return await takeSnapshot(request, { registry, load: from === 'manifests' ? load : undefined }, context);
  } catch (error) {
    if (!isPromotionError(error) || isPromotionError(error, 'USAGE') || signal.aborted) throw error;
    const failure = failureOf('snapshot', error);
    context.emit({ type: 'failures', failures: [failure] });
    return { snapshot: [], failures: [failure] };
  }
}

function countsOf(of: string, snapshot: Snapshot): string {
  const digests = snapshot.flatMap((image) => image.digests);
  const tags = digests.reduce((sum, digest) => sum + digest.tags.length, 0);
  return `Snapshot of ${of}: ${count(snapshot.length, 'repository', 'repositories')}, ${count(digests.length, 'image')}, ${count(tags, 'tag')}`;
}
