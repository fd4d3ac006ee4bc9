import { rendering } from '../../watch/log-lines/render.ts';
import type { RegistryConfig } from '../../config/config.ts';
import type { RunReport } from '../../report/model/report.ts';
import { replicationSummary, skippedSummary } from '../../report/terminal/replication-summary.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { runReplication } from '../../replication.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../output/conclude.ts';
import { manifestServices } from '../wiring/manifests.ts';
import type { ReplicateOptions } from '../options/commands/replicate.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { primaryRules } from './primary-rules.ts';
import type { Registries } from '../wiring/registries.ts';
import { versionName } from '../version.ts';

type Replicating = Pick<ReplicateOptions, 'run' | 'source' | 'shard' | 'primary'> & { readonly config: RegistryConfig };

/** Replicates with open registries and prints the summary. */
export async function replicateWith(
  { config, run: { confirm, copies }, source, shard, primary }: Replicating,
  registries: Registries,
  services: CommandServices,
): Promise<RunReport> {
  const { clock, narrate, signal } = services;
  const report = await runReplication(
    {
      mode: confirm ? 'replicate' : 'dry-run',
      copies,
      shard,
      version: await versionName(),
      attachments: config.attachments,
      primary: primary.chosen ?? config.primary,
    },
    { ...manifestServices({ source, shard }, services), ...registries, primary: primaryRules(primary, config) },
    { clock, emit: rendering(narrate, services.peers?.take), signal },
  );
  services.record?.({ replication: report });
  narrate(summaryEvent(report, replicationSummary(report)));
  return report;
}

/** Runs `kpromo replicate`: copies attachments from the primary to the mirrors, and returns the exit code. */
export async function run(options: ReplicateOptions, services: CommandServices): Promise<number> {
  if (!options.signing.sign) {
    services.narrate({ type: 'log', level: 'info', message: 'Not replicating signatures (--sign=false)' });
    services.narrate({ type: 'summary', text: skippedSummary(), fields: {} });
    return 0;
  }
  const { config, registries } = await openConfigured(options.registries, services, options.run.confirm);
  try {
    const report = await replicateWith({ ...options, config }, registries, services);
    return conclude(report, options.run, services);
  } finally {
    await registries.close();
  }
}
