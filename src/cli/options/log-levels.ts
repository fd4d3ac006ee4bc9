import type { LogLevel } from '../../events.ts';

/** The level names that logrus accepts, in its order, and our levels for them. */
export const LOG_LEVELS = {
  panic: 'fatal',
  fatal: 'fatal',
  error: 'error',
  warn: 'warning',
  warning: 'warning',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
} as const satisfies Record<string, LogLevel>;

/** The same names as a list. */
export const LEVEL_NAMES = Object.keys(LOG_LEVELS) as readonly (keyof typeof LOG_LEVELS)[];
