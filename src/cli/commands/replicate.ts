import { NO_CONFIG } from '../../config/config.ts';
import { loadRegistryConfig } from '../../config/load.ts';
import { replicationSummary } from '../../report/replication-summary.ts';
import { runReplication } from '../../replication.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../conclude.ts';
import { manifestServices } from '../manifest-services.ts';
import type { ReplicateOptions } from '../replicate-options.ts';
import { openRegistries } from '../services.ts';
import { versionName } from './version.ts';

/** `kpromo replicate`: brings what is attached on the primary to the mirrors, and resolves to the exit code that the report means. */
export async function run(options: ReplicateOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stderr, env } = services;
  if (!options.sign) {
    narrate({ type: 'log', level: 'info', message: 'Not replicating signatures (--sign=false)' });
    return 0;
  }
  const config = options.registryConfig === undefined ? NO_CONFIG : await loadRegistryConfig(options.registryConfig);
  const { maxWait, limiter } = options;
  const shared = limiter !== undefined && { limiter };
  const registries = openRegistries({ env, clock, narrate, random: Math.random, config, maxWait, ...shared });
  try {
    const primary = options.signing.primaryRegistry ?? config.primary;
    const report = await runReplication(
      {
        mode: options.confirm ? 'replicate' : 'dry-run',
        copies: options.copies,
        version: await versionName(),
        ...(primary !== undefined && { primary }),
      },
      { ...manifestServices(options, services), ...registries },
      { clock, narrate, signal },
    );
    stderr.write(replicationSummary(report));
    return conclude(report, options, services, 'replicate signatures');
  } finally {
    await registries.close();
  }
}
