import type { Clock } from '../clock.ts';
import { isPromotionError, PromotionError } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { VISIBLE_AFTER_MS } from './distribution/manifest-writes.ts';
import { fallbackTag } from './fallback-index.ts';
import type { Call, Referrer, Registry } from './roles.ts';

/** Registries show a push within seconds: one that is still missing some thousand pushes later does not exist. */
const REMEMBERED = 10_000;

/**
 * Wraps a registry that may respond with 404 for some seconds after a push: reads of content pushed in this run wait
 * for it. Throws INCOMPLETE if it is still missing then, since to treat it as absent would push or sign it a second
 * time.
 */
export function ownPushes(registry: Registry, clock: Pick<Clock, 'wait'>): Registry {
  const pushed = recent(REMEMBERED);
  const whenThere = <T>(name: string, read: Read<T>, call: Call): Promise<T | undefined> =>
    pushed.has(name) ? onceShown(name, read, clock, call) : read();
  return {
    ...registry,
    writeManifest: async (repository, reference, manifest, call, was) => {
      const written = await registry.writeManifest(repository, reference, manifest, call, was);
      for (const name of [reference, manifest.descriptor.digest]) pushed.add(nameOf(repository, name));
      if (written.subject !== undefined) pushed.add(nameOf(repository, fallbackTag(written.subject)));
      return written;
    },
    startBlob: async (repository, blob, from, call) => {
      const started = await registry.startBlob(repository, blob, from, call);
      pushed.add(nameOf(repository, blob.digest));
      return started;
    },
    readManifest: (repository, reference, call) =>
      whenThere(nameOf(repository, reference), () => registry.readManifest(repository, reference, call), call),
    resolveManifest: (repository, reference, call) =>
      whenThere(nameOf(repository, reference), () => registry.resolveManifest(repository, reference, call), call),
    // A list that was written, or that a registry has acknowledged, is not empty; of one type it may be.
    listReferrers: async (repository, subject, call, artifactType) => {
      if (artifactType !== undefined) return registry.listReferrers(repository, subject, call, artifactType);
      const read = async (): Promise<readonly Referrer[] | undefined> => {
        const listed = await registry.listReferrers(repository, subject, call);
        return listed.length === 0 ? undefined : listed;
      };
      return (await whenThere(nameOf(repository, fallbackTag(subject)), read, call)) ?? [];
    },
    readBlob: (repository, blob, call, part) => {
      const name = nameOf(repository, blob.digest);
      const read = (): AsyncIterable<Uint8Array> => registry.readBlob(repository, blob, call, part);
      return pushed.has(name) ? onceThere(name, read, clock, call) : read();
    },
  };
}

type Read<T> = () => Promise<T | undefined>;

async function onceShown<T>(name: string, read: Read<T>, clock: Pick<Clock, 'wait'>, { signal }: Call): Promise<T> {
  for (const wait of [...VISIBLE_AFTER_MS, undefined]) {
    const found = await read();
    if (found !== undefined) return found;
    if (wait !== undefined) await clock.wait(wait, signal);
  }
  throw notShown(name);
}

/** Reads a pushed blob. If the registry does not show it yet, no byte was sent, and the read can start again. */
async function* onceThere(
  name: string,
  read: () => AsyncIterable<Uint8Array>,
  clock: Pick<Clock, 'wait'>,
  { signal }: Call,
): AsyncIterable<Uint8Array> {
  for (const wait of [...VISIBLE_AFTER_MS, undefined]) {
    try {
      yield* read();
      return;
    } catch (error) {
      if (!isPromotionError(error, 'NOT_FOUND')) throw error;
      if (wait === undefined) throw notShown(name);
    }
    await clock.wait(wait, signal);
  }
}

function nameOf(repository: RepositoryName, reference: string): string {
  return `${repository} ${reference}`;
}

function notShown(name: string): PromotionError {
  const seconds = VISIBLE_AFTER_MS.reduce((sum, ms) => sum + ms, 0) / 1000;
  return new PromotionError(
    'INCOMPLETE',
    `the registry accepted ${name.replace(' ', ' with ')} in this run, but does not show it after ${seconds} s`,
    { side: 'destination', hint: "retry; if it persists, contact the registry's operator" },
  );
}

/** Creates a set that drops its oldest members. */
function recent(most: number): { add(name: string): void; has(name: string): boolean } {
  const names = new Set<string>();
  return {
    has: (name) => names.has(name),
    add: (name) => {
      names.delete(name);
      names.add(name);
      const [oldest] = names;
      if (names.size > most && oldest !== undefined) names.delete(oldest);
    },
  };
}
