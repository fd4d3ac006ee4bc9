import type { Failure } from '../../errors.ts';
import type { FailedEvent, LogFields } from '../../events.ts';
import { repositoryOf } from '../../image/reference.ts';
import { causesOf } from '../../pipeline/causes.ts';
import { counted, debug, error, warning } from './line.ts';
import type { Renderers } from './renderers.ts';

/** Failures, warnings, and defects of the program. */
export const FAILURES = {
  // of failures with one cause only the first is an error
  *failures({ failures }) {
    for (const { first, failures: alike } of causesOf(failures)) {
      const others = alike.length === 1 ? '' : ` (the same for ${alike.length - 1} more)`;
      for (const failure of alike) {
        const fields = failureFields(failure);
        if (failure === first) yield error(`${failureLine(failure)}${others}`, fields);
        else yield debug(failureLine(failure), fields);
        yield failedEvent(failure);
      }
    }
  },
  *warnings({ warnings }) {
    const old = warnings.filter(({ inBase }) => inBase === true).length;
    if (old > 0) yield warning(`Already in the base, and no failure of this run: ${counted(old, 'problem')}`);
    // the lines of the diff name what leaves the tree
    for (const one of warnings.filter(({ code }) => code !== 'UNMANAGED'))
      yield warning(`${one.inBase === true ? 'already in the base: ' : ''}${failureLine(one)}`);
  },
  defect: ({ cause }) => [debug(cause.stack ?? cause.message)],
} satisfies Partial<Renderers>;

/** Returns a failure on one line: `edge src@digest -> dst:tag: …`, or `file:line:column: …` if it concerns no edge. */
export function failureLine({ source, at, message, hint, refs = [] }: Failure): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column}`;
  const edge = source !== undefined && refs[0] !== undefined ? `edge ${source} -> ${refs[0]}: ` : '';
  const prefix = edge !== '' || place === '' ? edge : `${place}: `;
  const more = refs.length > 1 ? ` (and ${counted(refs.length - 1, 'more destination')})` : '';
  const where = edge !== '' && place !== '' ? ` [${place}]` : '';
  return `${prefix}${message}${more}${where}${hint === undefined ? '' : `; ${hint}`}`;
}

/** Returns a failure as the fields of a log line; `mirror` is the first destination repository that it concerns. */
export function failureFields(failure: Failure): LogFields {
  const { type: _, message: _message, ...fields } = failedEvent(failure);
  const [ref] = failure.refs ?? [];
  return { ...fields, ...(ref !== undefined && { mirror: repositoryOf(ref) }) };
}

function failedEvent({ phase, code, message, hint, at, image, digest, refs }: Failure): FailedEvent {
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
