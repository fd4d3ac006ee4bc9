import type { Flag } from '../flags/flag.ts';

/** What flags are about, in the order and with the headings of help and documentation. */
export const TOPICS = {
  run: 'Run',
  source: 'Source',
  registries: 'Registries',
  signing: 'Signing',
  trust: 'Trust',
  scanning: 'Scanning',
  reports: 'Reports',
  snapshots: 'Snapshots',
  output: 'Output',
} as const;

export type Topic = keyof typeof TOPICS;

/** The flags of a command, by what they are about. */
export type FlagsByTopic = { readonly [T in Topic]?: readonly Flag[] };

/** A positional argument: one of some words, or, where there is a sentence about it, something that is typed freely. */
export type CommandArgument = {
  readonly name: string;
  readonly required: boolean;
  readonly choices: readonly string[];
  readonly help?: string;
  /** What shells offer where it is typed freely. */
  readonly completes?: 'file';
};

/** One command, as routing, help, documentation and completion need it. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: FlagsByTopic;
  /** Of many flags the ones that help shows before it is asked for all, the most used first. */
  readonly common?: readonly string[];
  /** The positional argument, where the command takes one. */
  readonly argument?: CommandArgument;
};

/** All flags of a command, in the order of their topics. */
export function flagsOf<T extends FlagsByTopic>(flags: T): readonly FlagOf<T>[] {
  const lists: readonly (readonly Flag[])[] = Object.values(flags);
  return lists.flat();
}

type FlagOf<T extends FlagsByTopic> = Extract<T[keyof T], readonly Flag[]>[number];
