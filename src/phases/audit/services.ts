import type { EntryQuery } from '../../manifest/history/entry-commits.ts';
import type { Removals } from '../../manifest/history/removed-entries.ts';
import type { NameRules } from '../../plan/audit/places.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import type { Traffic } from '../reading/traffic.ts';

export type AuditServices = {
  readonly registry: RegistryReader;
  readonly traffic: Traffic;
  readonly rules: NameRules;
  /** Finds the commits that removed entries from the tree. */
  readonly removed: (entries: readonly EntryQuery[]) => Promise<Removals>;
  /** False skips repositories that no manifest names. */
  readonly findsRepositories: boolean;
  /** True also judges manifests without a tag. */
  readonly judgesUntagged: boolean;
  /** False expects neither signatures nor records. */
  readonly isSigned: boolean;
  /** Unix milliseconds: records are expected for images that were uploaded later, or whose upload time is unknown. */
  readonly recordsSince: number;
};
