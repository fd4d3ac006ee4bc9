import type { Failure } from '../errors.ts';
import type { FailedEvent } from '../events.ts';

/** A failure as those who watch a run are told of it. */
export function failedEvent({ phase, code, message, hint, at, image, digest, refs }: Failure): FailedEvent {
  return {
    type: 'failed',
    phase,
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(at !== undefined && { file: at.file, line: at.line }),
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
    ...(refs !== undefined && { refs }),
  };
}
