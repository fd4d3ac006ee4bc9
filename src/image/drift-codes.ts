/** How production may differ from the tree, in the order in which people are told. */
export const DRIFT_CODES = ['MISSING', 'PARTIAL', 'MOVED', 'EXTRA', 'UNMANAGED', 'UNSIGNED', 'UNRECORDED'] as const;

export type DriftCode = (typeof DRIFT_CODES)[number];
