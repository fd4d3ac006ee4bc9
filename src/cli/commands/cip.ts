import { runPromotion } from '../../promotion.ts';
import { summaryText } from '../../report/summary.ts';
import type { CipOptions } from '../cip-options.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../conclude.ts';
import { manifestServices } from '../manifest-services.ts';
import { openConfigured } from '../open-configured.ts';
import { announce, signaturesOf, signingOf } from '../signing.ts';
import { replicateWith } from './replicate.ts';
import { stagingTrust } from '../staging-trust.ts';
import { versionName } from './version.ts';

/** `kpromo cip`: the main job. Prints the summary, and resolves to the exit code that the report means. */
export async function run(options: CipOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stderr } = services;
  const mode = options.parseOnly ? 'parse' : options.confirm ? 'promote' : 'dry-run';
  const { config, registries } = await openConfigured(options, services);
  try {
    narrate({
      type: 'log',
      level: 'info',
      message: `*looking at "${options.manifests ?? options.thinManifestDir ?? options.manifest}"`,
    });
    const version = await versionName();
    const manifests = manifestServices(options, services);
    const trusted = signingOf(options, registries);
    const signing = options.sign && mode !== 'parse' ? trusted : undefined;
    if (signing !== undefined) await announce(signing, options, services);
    const given = { registries, config, load: manifests.load, version };
    const report = await runPromotion(
      { mode, threads: options.threads, version },
      {
        ...manifests,
        registry: registries.registry,
        pause: registries.pause,
        trust: await stagingTrust(options, trusted, services),
        ...(signing !== undefined && { signatures: signaturesOf(options, services, { ...given, signing }) }),
      },
      { clock, narrate, signal },
    );
    tellUnsigned(options, services);
    stderr.write(summaryText(report));
    const { replicateCopies: copies } = options;
    const isReplicated = copies !== undefined && mode === 'promote' && !signal.aborted;
    const copied = isReplicated ? await replicateWith({ ...options, copies, config }, registries, services) : undefined;
    const failures = [...report.failures, ...(copied?.failures ?? []).filter(({ phase }) => phase !== 'setup')];
    const pending = report.totals.pending + (report.totals.signing?.left ?? 0);
    return conclude({ failures, totals: { pending } }, options, services);
  } finally {
    await registries.close();
  }
}

function tellUnsigned({ sign, confirm }: CipOptions, { narrate }: CommandServices): void {
  if (sign || !confirm) return;
  for (const left of ['Not signing images', 'Not writing promotion record attestations'])
    narrate({ type: 'log', level: 'info', message: `${left} (--sign=false)` });
}
