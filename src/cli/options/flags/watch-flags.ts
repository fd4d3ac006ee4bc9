import type { Flag } from './flag.ts';

/** How a run is watched while it lasts. */
export const WATCH_FLAGS = [
  {
    name: 'progress',
    type: 'string',
    default: 'auto',
    value: 'WHEN',
    choices: ['auto', 'off'],
    help: 'How the progress is shown on stderr: auto draws it below the log on a terminal, and elsewhere logs a line every 30 s; off does neither.',
  },
  {
    name: 'events',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Write what happens, while it does, as JSON lines (schemas/run-events.schema.json) to a file or a pipe; - is stdout, and what else would be written there goes to stderr.',
  },
  {
    name: 'metrics-file',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: "Write metrics in Prometheus' text format to a file; it is replaced every 15 s and at the end.",
  },
  {
    name: 'metrics-listen',
    type: 'string',
    default: '',
    value: '[HOST:]PORT',
    help: 'Serve metrics over HTTP at /metrics while the run lasts; on the loopback address unless a host is given, 0.0.0.0 for all.',
  },
] as const satisfies readonly Flag[];
