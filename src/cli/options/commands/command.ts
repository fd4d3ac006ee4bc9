import type { Flag } from '../flags/flag.ts';

/** The topics of flags, in the order and with the headings of help and documentation. */
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

/** The tasks of the people who use commands, in the order and with the headings of help. */
export const GROUPS = {
  propose: 'Propose a promotion',
  review: 'Review it',
  promote: 'Promote',
  check: 'Check production',
  other: 'Other',
} as const;

export type Group = keyof typeof GROUPS;

/** The flags of a command by topic. */
export type FlagsByTopic = { readonly [T in Topic]?: readonly Flag[] };

/** A positional argument: one of `choices`, or any text if it has `help`. */
type CommandArgument = {
  readonly name: string;
  readonly required: boolean;
  readonly choices: readonly string[];
  readonly help?: string;
  /** What shells complete for any text. */
  readonly completes?: 'file';
};

/** A command as routing, help, documentation and completion need it. */
export type Command = {
  readonly name: string;
  readonly group: Group;
  readonly summary: string;
  readonly description: string;
  readonly flags: FlagsByTopic;
  /** The flags that short help shows, the most used first; absent if a command has few. */
  readonly common?: readonly string[];
  /** The positional argument, if the command takes one. */
  readonly argument?: CommandArgument;
};

/** Returns all flags of a command in the order of their topics. */
export function flagsOf<T extends FlagsByTopic>(flags: T): readonly FlagOf<T>[] {
  const lists: readonly (readonly Flag[])[] = Object.values(flags);
  return lists.flat();
}

type FlagOf<T extends FlagsByTopic> = Extract<T[keyof T], readonly Flag[]>[number];
