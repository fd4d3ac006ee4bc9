import { isDeepStrictEqual } from 'node:util';
import { isPromotionError, type PromotionError } from '../../../errors.ts';
import { singleFlight } from '../../../async/single-flight.ts';
import type { Credential, CredentialSource } from '../credential.ts';
import { readDockerFiles, type DockerFile, type DockerPaths, type DockerSlot } from './file.ts';
import { runHelper, type HelperOptions } from './helper.ts';

export type DockerConfigOptions = HelperOptions & DockerPaths;

/** A helper that failed is not run again for 30 s; otherwise it would run for every request. In milliseconds. */
const FAILED_FOR = 30_000;

/**
 * Returns a source that reads credentials like the Docker CLI and Podman: `config.json` in DOCKER_CONFIG or
 * `~/.docker`, then the containers `auth.json`. In each file the longest key that covers the repository wins. Files are
 * read at the first request. A helper runs once for each key, and again if its credential is rejected.
 */
export function dockerConfig(options: DockerConfigOptions): CredentialSource {
  const slots = slotReader(options);
  let files: Promise<readonly DockerFile[]> | undefined;
  return async (host, signal, { repository, refused } = {}) => {
    signal.throwIfAborted();
    files ??= readDockerFiles(options);
    for (const file of await files) {
      for (const slot of file.slots(host, repository)) {
        const found = await slots(slot, signal, refused);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
}

type Failed = { readonly error: PromotionError; readonly until: number };

/**
 * Reads each slot once. An unchanged credential stays the same object, so that callers recognize one that they have
 * tried.
 */
function slotReader(
  options: HelperOptions,
): (slot: DockerSlot, signal: AbortSignal, refused: Credential | undefined) => Promise<Credential | undefined> {
  const known = new Map<string, Credential | undefined>();
  const failures = new Map<string, Failed>();
  const flight = singleFlight<Credential | undefined>();
  const keep = (id: string, found: Credential | undefined): Credential | undefined => {
    const before = known.get(id);
    const kept = isDeepStrictEqual(found, before) ? before : found;
    known.set(id, kept);
    return kept;
  };
  const ask = async (slot: DockerSlot & { kind: 'helper' }, signal: AbortSignal): Promise<Credential | undefined> => {
    const failed = failures.get(slot.id);
    if (failed !== undefined && options.clock.now() < failed.until) throw failed.error;
    try {
      return keep(slot.id, await runHelper(slot.helper, slot.server, options, signal));
    } catch (error) {
      if (isPromotionError(error)) failures.set(slot.id, { error, until: options.clock.now() + FAILED_FOR });
      throw error;
    }
  };
  return async (slot, signal, refused) => {
    const before = known.get(slot.id);
    const isRefused = refused !== undefined && before === refused;
    if (known.has(slot.id) && (slot.kind === 'entry' || !isRefused)) return before;
    return slot.kind === 'entry' ? keep(slot.id, slot.read()) : flight(slot.id, signal, (shared) => ask(slot, shared));
  };
}
