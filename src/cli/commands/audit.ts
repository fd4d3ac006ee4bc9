import { runAudit, type AuditRequest, type AuditResult } from '../../audit.ts';
import { loadBaseline } from '../../baseline/load.ts';
import { baselineText } from '../../baseline/write.ts';
import type { RegistryConfig } from '../../config/config.ts';
import { jsonText } from '../../image/json-text.ts';
import { removedEntries } from '../../manifest/history/removed-entries.ts';
import { auditDocument } from '../../report/model/audit.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { auditSummary, auditText } from '../../report/terminal/audit.ts';
import type { CommandServices } from '../command.ts';
import type { AuditOptions } from '../options/commands/audit.ts';
import { namesOf } from '../../plan/checks.ts';
import { parseSince } from '../options/since.ts';
import { unwritable, writeAtomically } from '../output/atomic-file.ts';
import { conclude } from '../output/conclude.ts';
import { fitted } from '../output/fitted.ts';
import { rendering } from '../../watch/log-lines/render.ts';
import { usage } from '../unknown.ts';
import { versionName } from '../version.ts';
import { loadRequest, manifestServices } from '../wiring/manifests.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { primaryRules } from './primary-rules.ts';

const DAY = 24 * 3600_000;
/** The days for which new entries of a baseline are valid: a quarter of a year. */
const HOLDS_DAYS = 90;

/** `kpromo audit`: prints how production differs from the tree; 2 if it does, 1 if something could not be read. */
export async function run(options: AuditOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stdout, env } = services;
  const { source, baseline, primary, detailedExitcode } = options;
  await refuseUnwritable(baseline.write);
  const known = baseline.file === undefined ? undefined : await loadBaseline(baseline.file);
  const { config, registries } = await openConfigured(options.registries, services);
  try {
    const request = await requestOf(options, config, known, clock.now());
    const running = {
      ...manifestServices(
        {
          ...options,
          names: (set) => namesOf(set, { primary: request.rules.chosen, publicNames: config.publicNames }),
        },
        services,
      ),
      registry: registries.registry,
      // nothing is promoted, so a changed primary need not be accepted
      primary: primaryRules({ ...primary, acceptsChange: true }, config),
      removed: (entries: Parameters<typeof removedEntries>[1]) =>
        removedEntries(loadRequest(source), entries, { env, clock, signal }),
    };
    const { report, compared } = await runAudit(request, running, {
      clock,
      emit: rendering(narrate, services.peers?.take),
      signal,
    });
    services.record?.({ audit: report });
    const isJson = options.format === 'json';
    stdout.write(isJson ? `${jsonText(auditDocument(report), 2)}\n` : fitted(auditText(report), stdout));
    narrate(summaryEvent(report, auditSummary(report)));
    if (baseline.write === undefined) return conclude(report, { detailedExitcode, showsPending: true }, services);
    if (report.failures.length === 0 && !signal.aborted) await writeBaseline(baseline.write, compared, services);
    else narrate({ type: 'log', level: 'error', message: `${baseline.write} is not written: ${INCOMPLETE}` });
    return conclude(report, { detailedExitcode, showsPending: false }, services);
  } finally {
    await registries.close();
  }
}

const INCOMPLETE = 'not all of production could be read';

async function refuseUnwritable(file: string | undefined): Promise<void> {
  const reason = file === undefined ? undefined : await unwritable(file);
  if (reason !== undefined)
    throw usage(`--write-baseline: ${file} ${reason}`, 'name a file in a folder that exists and can be written to');
}

async function requestOf(
  { shard, primary, isSigned, recordsSince, findsRepositories, judgesUntagged }: AuditOptions,
  config: RegistryConfig,
  baseline: AuditRequest['baseline'],
  now: number,
): Promise<AuditRequest> {
  const since = parseSince(recordsSince, now);
  if (since === undefined) throw new Error(`${recordsSince} was taken for a time`);
  return {
    shard,
    version: await versionName(),
    baseline,
    rules: { chosen: primary.chosen ?? config.primary, publicNames: config.publicNames },
    isSigned,
    recordsSince: since,
    findsRepositories,
    judgesUntagged,
  };
}

async function writeBaseline(
  file: string,
  compared: AuditResult['compared'],
  { clock, narrate }: Pick<CommandServices, 'clock' | 'narrate'>,
): Promise<void> {
  const until = new Date(clock.now() + HOLDS_DAYS * DAY).toISOString().slice(0, 10);
  await writeAtomically(file, baselineText(compared, until));
  const message = `${file} accepts ${compared.drift.length} differences; write into each new entry why`;
  narrate({ type: 'log', level: 'info', message });
}
