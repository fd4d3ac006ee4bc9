import { rendering } from '../../watch/log-lines/render.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { RegistryConfig } from '../../config/config.ts';
import { reachOf } from '../../config/reach.ts';
import type { Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { hasCopies } from '../../plan/places/attachments.ts';
import { openInventory } from '../../kept/inventory.ts';
import { openKept } from '../../kept/open.ts';
import type { InventoryCache } from '../../phases/plan/inventory-cache.ts';
import { runPromotion, type PromotionRequest, type PromotionServices } from '../../promotion.ts';
import { planText } from '../../report/terminal/plan-text.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { summaryText } from '../../report/terminal/summary.ts';
import { vulnerabilityText } from '../../report/terminal/vulnerabilities.ts';
import type { CipOptions } from '../options/commands/cip.ts';
import type { CacheOptions } from '../options/run.ts';
import { treeNamed } from '../options/source.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../output/conclude.ts';
import { fitted } from '../output/fitted.ts';
import { manifestServices } from '../wiring/manifests.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { scanningOf } from '../wiring/scanning.ts';
import { signaturesOf } from '../wiring/signatures.ts';
import { keptName, learnedRates, type LearnedRates } from '../wiring/learned-rates.ts';
import type { Registries } from '../wiring/registries.ts';
import { announceOrRecord, recordSigner, signingOf, signingFacts, type Refuse } from '../wiring/signing.ts';
import { primaryRules } from './primary-rules.ts';
import { replicateWith } from './replicate.ts';
import { stagingTrust } from '../wiring/trust.ts';
import { versionName } from '../version.ts';

/** Runs `kpromo cip`, the main job: prints the summary and returns the exit code. */
export async function run(options: CipOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stdout } = services;
  const mode = modeOf(options);
  const { config, registries } = await openConfigured(options.registries, services, options.run.confirm);
  const learned =
    mode === 'parse'
      ? undefined
      : options.cache && learnedRates(options.cache, options.shard, { config, registries }, services);
  try {
    logManifests(options.source, services);
    const version = await versionName();
    const signing = signingOf(options.signing, options.trust, registries);
    const report = await runPromotion(
      {
        mode,
        shard: options.shard,
        threads: options.run.threads,
        version,
        stagingRetention: options.repair.stagingRetention,
      },
      await promotionServices(options, services, { config, registries, signing, learned, mode, version }),
      { clock, emit: rendering(narrate, services.peers?.take), signal },
    );
    services.record?.({ run: report });
    if (isSigning(options, mode)) await recordSigner(signing, services);
    if (mode !== 'dry-run') logUnsigned(options, services);
    stdout.write(fitted(vulnerabilityText(report.images), stdout));
    if (mode === 'dry-run') stdout.write(fitted(planText(report), stdout));
    narrate(summaryEvent(report, summaryText(report)));
    const isReplicated = options.run.replicates && mode === 'promote' && !signal.aborted;
    const copied = isReplicated ? await replicateWith({ ...options, config }, registries, services) : undefined;
    const failures = [...report.failures, ...(copied?.failures ?? []).filter(({ phase }) => phase !== 'setup')];
    const pending = report.totals.pending + (report.totals.signing?.left ?? 0);
    return conclude({ failures, totals: { pending } }, options.run, services);
  } finally {
    await learned?.keep();
    await registries.close();
  }
}

type Opened = {
  readonly config: RegistryConfig;
  readonly registries: Registries;
  readonly signing: Signing;
  readonly learned: LearnedRates | undefined;
  readonly mode: PromotionRequest['mode'];
  readonly version: string;
};

/** Opens the services of the run. A dry run opens them too, so that it fails for the same reasons as --confirm. */
async function promotionServices(
  options: CipOptions,
  services: CommandServices,
  { config, registries, signing, learned, mode, version }: Opened,
): Promise<PromotionServices> {
  const { primary, trust, verifyStaging, scanning, cache } = options;
  const { confirm, tagsLast, copies } = options.run;
  const { look, ...manifests } = manifestServices(options, services);
  const refusals = new Map<string, Failure>();
  const refuse: Refuse = (failure) => refusals.set(failure.message, failure);
  if (mode !== 'parse') await signing.openFiles(services.signal);
  if (isSigning(options, mode)) await announceOrRecord(signing, signingFacts(options), { ...services, refuse });
  const inventory =
    mode === 'parse' ? undefined : cache && (await inventoryOf(cache, options, { config, registries }, services));
  await learned?.restored;
  const given = { signing, registries, config, load: look, version, refuse };
  return {
    ...manifests,
    isOffline: mode === 'parse',
    primary: primaryRules(primary, config, options.signing.sign),
    registry: registries.registry,
    pause: registries.pause,
    inventory,
    trust: await stagingTrust(trust, { verifyStaging, scans: scanning !== undefined }, signing, services),
    scanning: mode === 'parse' ? undefined : scanning && (await scanningOf(scanning, registries, services, confirm)),
    signatures: isSigning(options, mode) ? await signaturesOf(options, services, given) : undefined,
    refusals: [...refusals.values()],
    tagsLast: tagsLast
      ? {
          copies,
          lock: registries.lock,
          isRouted: registries.isRouted,
          hasCopies: (mirror: RepositoryName) => hasCopies(mirror, config.attachments),
        }
      : undefined,
  };
}

/** Opens the inventory of earlier runs. */
async function inventoryOf(
  { place, verifyAll }: CacheOptions,
  { shard }: Pick<CipOptions, 'shard'>,
  { config, registries: { registry, times } }: Pick<Opened, 'config' | 'registries'>,
  { clock, env, narrate, signal }: CommandServices,
): Promise<InventoryCache> {
  const kept = await openInventory({
    files: openKept(place, registry, { signal }),
    name: keptName('inventory', shard),
    scope: reachOf(config, env),
    now: clock.now,
    isClockWrong: times.isWrong,
    warn: (message) => narrate({ type: 'log', level: 'warning', message }),
  });
  return { ...kept, verifyAll, isClockWrong: times.isWrong, random: Math.random };
}

function isSigning({ signing, scanning }: CipOptions, mode: PromotionRequest['mode']): boolean {
  return signing.sign && mode !== 'parse' && scanning?.mode !== 'only';
}

/** Returns the mode of the run. A scan without a gate never promotes. */
function modeOf({ run: { parseOnly, confirm }, scanning }: CipOptions): PromotionRequest['mode'] {
  if (parseOnly) return 'parse';
  return confirm && scanning?.mode !== 'only' ? 'promote' : 'dry-run';
}

function logManifests(source: CipOptions['source'], { narrate }: CommandServices): void {
  narrate({ type: 'log', level: 'info', message: `*looking at "${treeNamed(source)}"` });
}

function logUnsigned({ signing, run: { confirm } }: CipOptions, { narrate }: CommandServices): void {
  if (signing.sign || !confirm) return;
  for (const left of ['Not signing images', 'Not writing promotion record attestations'])
    narrate({ type: 'log', level: 'info', message: `${left} (--sign=false)` });
}
