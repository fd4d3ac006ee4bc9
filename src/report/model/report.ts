import type { Failure } from '../../errors.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { Change, ImageChange, Setting } from './change.ts';
import type { Image, Mirror, Provenance, Signature, Target, Vulnerabilities } from './image.ts';
import type { Inventory, Registry, Signing, Totals as TotalsSchema } from './totals.ts';
import type { Model } from './values.ts';

/** The result of a run, and the source of all its output. Times in milliseconds, sizes in bytes. */
export type RunReport = {
  readonly run: RunFacts;
  readonly registries: readonly RegistryReport[];
  /** Images that were pending or failed; complete images are only counted in `totals`. */
  readonly images: readonly ImageReport[];
  readonly failures: readonly Failure[];
  /**
   * Problems that do not fail the run: those that the base also has, and entries without effect. Absent if there are
   * none.
   */
  readonly warnings?: readonly Failure[] | undefined;
  readonly totals: Totals;
  /** Of a run with an inventory cache. */
  readonly inventory?: InventoryReport | undefined;
  /** Of a run that processes only a diff. */
  readonly change?: ChangeReport | undefined;
};

export type ImageReport = Omit<Model<typeof Image>, 'attached' | 'targets'> & {
  readonly targets: readonly TargetReport[];
};
export type TargetReport = Model<typeof Target>;
export type MirrorReport = Model<typeof Mirror>;
export type MirrorState = MirrorReport['state'];
export type SignatureReport = Model<typeof Signature>;
export type ProvenanceReport = Model<typeof Provenance>;
export type EvidenceReport = ProvenanceReport['evidence'][number];
export type VulnerabilityReport = Model<typeof Vulnerabilities>;
export type RegistryReport = Model<typeof Registry>;
export type InventoryReport = Model<typeof Inventory>;
export type Totals = Model<typeof TotalsSchema>;
export type SigningTotals = Model<typeof Signing>;
export type VouchedTotals = Pick<SigningTotals, 'summarized' | 'carried' | 'stuck'>;
export type ChangeReport = Model<typeof Change>;
export type ImageChangeReport = Model<typeof ImageChange>;
export type SettingChange = Model<typeof Setting>;
