import { onAbort } from '../../abort.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import { pushArtifact, type ArtifactTag } from '../../registry/artifact.ts';
import { EMPTY_CONFIG } from '../../registry/attaching/attacher.ts';
import { storeBlobs } from '../../registry/attaching/small-blobs.ts';
import type { Call, Registry } from '../../registry/roles.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { CommandServices } from '../command.ts';
import type { RegistriesOptions } from '../options/registries.ts';
import type { ReportFile } from '../options/reports.ts';
import { usage } from '../unknown.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { unwritable, writeAtomically } from './atomic-file.ts';

/** The artifact type of a report, and the name of its only file. */
export const REPORT_TYPE = 'application/vnd.kpromo.report.v2+json';
export const REPORT_TITLE = 'report.json';

/**
 * Time for storing a report once the run is stopped, in milliseconds: long enough for a slow registry, and a third of
 * the 30 s after which Kubernetes kills a pod.
 */
const STOPPED_MS = 10_000;

/**
 * Throws USAGE if the file cannot be written. Stores the empty config of the artifact, which every report needs, and
 * throws the error of the registry if that fails: better now than at the end of a long run.
 */
export async function refuseUnwritable(
  { path, artifact }: ReportFile,
  registries: RegistriesOptions,
  services: CommandServices,
): Promise<void> {
  if (artifact !== undefined) return refuseUnstorable(path, artifact, registries, services);
  const reason = await unwritable(path);
  if (reason === undefined) return;
  throw usage(`--report ${goQuote(path)} ${reason}`, 'use a file in an existing, writable folder');
}

async function refuseUnstorable(
  path: string,
  { repository }: ArtifactTag,
  registries: RegistriesOptions,
  services: CommandServices,
): Promise<void> {
  try {
    await withRegistry(registries, services, async (registry, call) => {
      await storeBlobs(registry, repository, [EMPTY_CONFIG], call);
    });
  } catch (error) {
    if (services.signal.aborted || !isPromotionError(error)) throw error;
    const { code, message, hint } = error;
    throw new PromotionError(code, `--report ${goQuote(path)} cannot be stored: ${message}`, { cause: error, hint });
  }
}

/** Writes a report to its file or registry. Replaces an older file, and moves an existing tag. */
export async function writeReport(
  document: ReportDocument,
  { path, format, artifact }: ReportFile,
  registries: RegistriesOptions,
  services: CommandServices,
): Promise<void> {
  const text = services.secrets.hide((await format.load())(document));
  if (artifact === undefined) return writeAtomically(path, text);
  const layers = [{ title: REPORT_TITLE, mediaType: 'application/json', bytes: Buffer.from(text) }];
  await withRegistry(registries, services, async (registry, call) => {
    await pushArtifact(registry, artifact, { artifactType: REPORT_TYPE, layers }, call);
  });
}

/** Opens registries for one use, also after the run was stopped: then for a limited time. */
async function withRegistry(
  options: RegistriesOptions,
  services: CommandServices,
  use: (registry: Registry, call: Call) => Promise<void>,
): Promise<void> {
  const { onRates: _ofTheRun, ...reach } = services;
  const { clock, signal } = services;
  const controller = new AbortController();
  let cancel = (): void => undefined;
  const limit = (): void => void (cancel = clock.timer(STOPPED_MS, () => controller.abort(signal.reason)));
  const quiet = onAbort(signal, limit);
  if (signal.aborted) limit();
  const { registries } = await openConfigured(options, reach, true);
  try {
    await use(registries.registry, { signal: controller.signal });
  } finally {
    quiet();
    cancel();
    await registries.close();
  }
}
