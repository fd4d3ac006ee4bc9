import type { RunEvent } from '../../events.ts';
import type { RateReading } from '../../ratelimit/adaptive-limiter.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import type { Shard } from '../../sharding/shard.ts';
import type { Taken } from '../../watch/processes/taken.ts';
import type { STOP_SIGNALS } from '../exit-codes.ts';

/** A message of the main process to a child, beside the answers to its calls. */
export type ToChild =
  | { readonly kind: 'start'; readonly argv: readonly string[]; readonly shard: Shard }
  | { readonly kind: 'stop'; readonly signal: (typeof STOP_SIGNALS)[number] };

/** A message of a child, beside its calls: the text is JSON of `Batch` or `Result`, in which secrets are hidden. */
export type FromChild = { readonly kind: 'batch' | 'result'; readonly text: string };

/** Events in order, and the rates that the child knows. */
export type Batch = {
  readonly events: readonly ({ readonly public: RunEvent } | { readonly taken: Taken })[];
  readonly rates: readonly RateReading[];
};

/** The end of a child's share: its exit code, or the error that ended it. */
export type Result = {
  readonly document: ReportDocument;
  readonly code: number;
  readonly error?: ThrownError | undefined;
};

/** The parts of an error that a PromotionError is made of again; without a code it is a defect. */
export type ThrownError = {
  readonly code?: string | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly parts?: readonly string[] | undefined;
};
