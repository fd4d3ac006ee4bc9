import type { SharedRecord } from './record.ts';

/** A store that several processes share; unusable once its connection is lost. */
export type RateStore = {
  /** Clock of the store minus clock of this process, in milliseconds. */
  readonly offset: number;
  /** Resolves, with the reason, when the connection is lost. */
  readonly lost: Promise<string>;
  /**
   * Replaces the record of this version (0: none) and resolves to undefined. If there is another record, resolves to
   * that; if there is none, to `gone`.
   */
  replace(name: string, version: number, next: SharedRecord): Promise<SharedRecord | 'gone' | undefined>;
  /** Calls `changed` with each new record of this name, in order. */
  follow(name: string, changed: (record: SharedRecord) => void): void;
  /** Resolves when the common budget has granted these tokens; overtakes the last `before` leases of this process. */
  lease(name: string, tokens: number, before: number): Promise<void>;
  /** Sets the tokens a second of the budget; empties it if `empty`. */
  refill(name: string, rate: number, empty: boolean): Promise<void>;
  /** Closes the connection at once. */
  close(): void;
};
