import type { EntryQuery } from '../../manifest/history/entry-commits.ts';
import type { Removals } from '../../manifest/history/removed-entries.ts';
import type { NameRules } from '../../plan/audit/places.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import type { Traffic } from '../reading/traffic.ts';

export type AuditServices = {
  readonly registry: RegistryReader;
  readonly traffic: Traffic;
  readonly rules: NameRules;
  /** Asks the history of the tree which commits removed entries. */
  readonly removed: (entries: readonly EntryQuery[]) => Promise<Removals>;
  /** False skips what no manifest names in repositories that no manifest names. */
  readonly findsRepositories: boolean;
  /** True also judges manifests without a tag. */
  readonly judgesUntagged: boolean;
  /** False expects neither signatures nor records. */
  readonly isSigned: boolean;
  /** Unix milliseconds: records are expected of what was uploaded later, and of what has no date. */
  readonly recordsSince: number;
};
