import type { LogEvent } from '../events.ts';
import { bytesText, count } from '../text/layout.ts';
import type { RunStatus } from './status.ts';
import { shownRegistries, progressText, registryText, spanText } from './words.ts';

/** More would make the line longer than logs are wide. */
const REGISTRIES = 3;

/** Returns the status of a run as one log line, with its facts as fields. */
export function statusLine(status: RunStatus): LogEvent {
  const { phase, progress, left, bytes, bytesPerSecond, failures, elapsed, registries } = status;
  const shown = shownRegistries(registries, REGISTRIES);
  const hidden = registries.length - shown.length;
  const parts = [
    progressText(status),
    failures === 0 ? '' : `${failures} failed`,
    `${bytesText(Math.round(bytesPerSecond))}/s`,
    left === undefined ? '' : `${spanText(left)} left`,
    ...shown.map(registryText),
    hidden === 0 ? '' : count(hidden, 'more registry', 'more registries'),
  ];
  const unnamed = progress === undefined ? 'starting' : 'reading';
  const where = phase === undefined ? unnamed : `in ${phase.name} (${phase.index}/${phase.of})`;
  return {
    type: 'log',
    level: 'info',
    message: `Still ${where} after ${spanText(elapsed)}: ${parts.filter((part) => part !== '').join(', ')}`,
    fields: {
      ...(phase !== undefined && { phase: phase.name }),
      ...(progress !== undefined && { done: progress.done, total: progress.total, unit: progress.unit }),
      ...(left !== undefined && { leftMs: Math.round(left) }),
      failures,
      bytes,
      bytesPerSecond: Math.round(bytesPerSecond),
      requestsPerSecond: Math.round(registries.reduce((sum, { perSecond }) => sum + perSecond, 0)),
    },
  };
}
