import type { LogEvent, LogFields, LogLevel } from '../../events.ts';
import type { Position } from '../../errors.ts';

type Line = (message: string, fields?: LogFields) => LogEvent;

const at =
  (level: LogLevel): Line =>
  (message, fields) => ({ type: 'log', level, message, fields });

export const error = at('error');
export const warning = at('warning');
export const info = at('info');
export const debug = at('debug');

/** Returns the fields of a line about an image; one that no manifest names has no place. */
export function imageFields(image: {
  readonly name: string;
  readonly digest: string;
  readonly at?: Position | undefined;
}): LogFields {
  const { name, digest, at: place } = image;
  return { image: name, digest, ...(place !== undefined && { file: place.file, line: place.line }) };
}

/** Returns a count with its noun: `1 image`, `2 images`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
