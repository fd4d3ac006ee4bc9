import { loadContent, loadStore } from './content.ts';
import type { AnswerMessage, CommandMessage, Commands, ProcessSpec } from './process.ts';
import { startRegistry, type TestRegistry } from './server.ts';

// The child's side of process.ts: it takes commands until the channel closes, which also happens when the parent dies.

let registries: readonly TestRegistry[] = [];

type Answers = {
  readonly [C in keyof Commands]: (
    argument: Commands[C]['takes'],
  ) => Commands[C]['gives'] | Promise<Commands[C]['gives']>;
};

const answers: Answers = {
  start: async (spec) => {
    registries = await start(spec);
    return registries.map(({ host }) => host);
  },
  counts: () => registries.map(({ counters }) => counters.counts()),
  reset: () => {
    for (const { counters } of registries) counters.reset();
    return null;
  },
  snapshots: () => registries.map((registry) => registry.snapshot()),
  unexpected: () => registries.flatMap((registry) => registry.unexpected),
  latency: (ms) => {
    for (const registry of registries) registry.setLatency(ms);
    return null;
  },
  quota: (quota) => {
    for (const registry of registries) registry.setQuota(quota ?? undefined);
    return null;
  },
};

async function start({ contents = {}, registries: specs }: ProcessSpec): Promise<readonly TestRegistry[]> {
  const loaded = new Map(Object.entries(contents).map(([name, content]) => [name, loadContent(content)] as const));
  return Promise.all(
    specs.map(async ({ options, load = {} }) => {
      const registry = await startRegistry({ keepLog: false, ...options });
      loadStore(registry.store, load, loaded);
      for (const { repository, size, seed } of load.syntheticBlobs ?? [])
        registry.addSyntheticBlob(repository, size, seed);
      return registry;
    }),
  );
}

async function take({ id, command, argument }: CommandMessage): Promise<void> {
  const reply = (message: AnswerMessage): void => void process.send?.(message);
  try {
    reply({ id, answer: await answers[command](argument as never) });
  } catch (error) {
    reply({ id, error: String(error) });
  }
}

process.on('message', (message: CommandMessage) => void take(message));
process.once('disconnect', () => process.exit(0));
