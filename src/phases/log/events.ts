import type { Failure } from '../../errors.ts';
import type { FailedEvent, LogFields, RunEvent } from '../../events.ts';
import { repositoryOf } from '../../image/reference.ts';
import type { PlannedImage } from '../images.ts';

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

/** A failure as the fields of a log line; `mirror` is the first destination repository that it concerns. */
export function failureFields(failure: Failure): LogFields {
  const { type: _, message: _message, ...fields } = failedEvent(failure);
  const [ref] = failure.refs ?? [];
  return { ...fields, ...(ref !== undefined && { mirror: repositoryOf(ref) }) };
}

/** An image as the fields of a log line. */
export function imageFields({ name, digest, at }: PlannedImage['wanted']): LogFields {
  return { image: name, digest, file: at.file, line: at.line };
}

/** An image that is due as those who watch a run are told of it. */
export function plannedEvent(
  { name: image, digest, source, tags, at }: PlannedImage['wanted'],
  targets: PlannedImage['targets'],
): RunEvent {
  const repositories = targets.map(({ repository }) => repository);
  return { type: 'image-planned', image, digest, source, tags, file: at.file, line: at.line, repositories };
}
