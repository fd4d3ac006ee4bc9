/** The codes of differences between production and the tree, in the order of the output. */
export const DRIFT_CODES = ['MISSING', 'PARTIAL', 'MOVED', 'EXTRA', 'UNMANAGED', 'UNSIGNED', 'UNRECORDED'] as const;

export type DriftCode = (typeof DRIFT_CODES)[number];
