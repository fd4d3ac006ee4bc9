import type { SharedRecord } from './record.ts';

/** What several processes have in common; ends for good when the connection to it is lost. */
export type Commons = {
  /** What must be added to a time of this process's clock to get a time that all processes share; milliseconds. */
  readonly offset: number;
  /** Resolves, with the reason, when the commons can be used no longer. */
  readonly lost: Promise<string>;
  /**
   * Puts `next` in the place of the record of that version (0 for none), and resolves to undefined; when another
   * record is there, to that one, or to `gone` when there is none.
   */
  replace(name: string, version: number, next: SharedRecord): Promise<SharedRecord | 'gone' | undefined>;
  /** Calls `changed` with each new record of that name, in the order in which they were put there. */
  follow(name: string, changed: (record: SharedRecord) => void): void;
  /** Resolves when the common budget has given so many tokens; before that many leases that this process asked for earlier. */
  lease(name: string, tokens: number, before: number): Promise<void>;
  /** Sets how many tokens a second the budget gets, and empties it where that is asked for. */
  refill(name: string, rate: number, empty: boolean): Promise<void>;
  /** Ends the connection at once. */
  close(): void;
};
