import { fork, type ChildProcess } from 'node:child_process';
import type { ContentSpec, LoadSpec } from './content.ts';
import type { Counts } from './counters.ts';
import type { Quota } from './faults.ts';
import type { RegistryOptions } from './options.ts';
import type { Snapshot } from './snapshot.ts';

/** The options of a registry that can be sent to another process. */
export type PlainOptions = Omit<RegistryOptions, 'clock' | 'fault' | 'auth'> & {
  readonly auth?: Omit<NonNullable<RegistryOptions['auth']>, 'allow'>;
};

/** Registries to run in one child process, and the contents that they share. */
export type ProcessSpec = {
  readonly contents?: Readonly<Record<string, ContentSpec>>;
  readonly registries: readonly { readonly options?: PlainOptions; readonly load?: LoadSpec }[];
};

/** The commands of the control channel, with what each answers; `start` is sent once, first. */
export type Commands = {
  start: { readonly takes: ProcessSpec; readonly gives: readonly string[] };
  counts: { readonly takes: null; readonly gives: readonly Counts[] };
  reset: { readonly takes: null; readonly gives: null };
  snapshots: { readonly takes: null; readonly gives: readonly Snapshot[] };
  unexpected: { readonly takes: null; readonly gives: readonly string[] };
  latency: { readonly takes: number; readonly gives: null };
  quota: { readonly takes: Quota | null; readonly gives: null };
};

/** A command on its way, and its answer. */
export type CommandMessage = { readonly id: number; readonly command: keyof Commands; readonly argument: unknown };
export type AnswerMessage = { readonly id: number; readonly answer?: unknown; readonly error?: string };

/** Registries in a process of their own, so that their work does not count as that of the program under test. */
export type RegistryProcess = AsyncDisposable & {
  readonly pid: number;
  /** `127.0.0.1:port` of each registry, in the order of the spec. */
  readonly hosts: readonly string[];
  counts(): Promise<readonly Counts[]>;
  reset(): Promise<void>;
  snapshots(): Promise<readonly Snapshot[]>;
  /** The unexpected requests of all registries. */
  unexpected(): Promise<readonly string[]>;
  setLatency(ms: number): Promise<void>;
  setQuota(quota: Quota | undefined): Promise<void>;
  close(): Promise<void>;
};

/** Starts a child process that serves the registries; rejects when it cannot. */
export async function startRegistryProcess(spec: ProcessSpec): Promise<RegistryProcess> {
  const child = fork(new URL('process-main.ts', import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = channel(child);
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    // The child ends when its channel does.
    if (child.connected) child.disconnect();
    await exited;
  };
  const hosts = await ask('start', spec).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    hosts,
    counts: () => ask('counts', null),
    reset: async () => void (await ask('reset', null)),
    snapshots: () => ask('snapshots', null),
    unexpected: () => ask('unexpected', null),
    setLatency: async (ms) => void (await ask('latency', ms)),
    setQuota: async (quota) => void (await ask('quota', quota ?? null)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Ask = <C extends keyof Commands>(command: C, argument: Commands[C]['takes']) => Promise<Commands[C]['gives']>;

function channel(child: ChildProcess): Ask {
  const waiting = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }
  >();
  let last = 0;
  child.on('message', ({ id, answer, error }: AnswerMessage) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(answer as never);
    else asked?.reject(new Error(`the registry process: ${error}`));
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the registry process ended (${signal ?? code})`));
  });
  return (command, argument) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), { resolve, reject });
      child.send({ id: last, command, argument } satisfies CommandMessage, (error) => {
        if (error !== null) reject(error);
      });
    });
}
