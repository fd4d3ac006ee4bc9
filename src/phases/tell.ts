import type { LogLevel } from '../events.ts';
import { refsOf } from '../image/reference.ts';
import type { Failure } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';
import { failedEvent, failureFields, plannedEvent } from './told-events.ts';
import type { PlannedImage } from './images.ts';

/** Logs each failure once, in upstream's words, with the number of mirrors that share it. */
export function tellFailures(failures: readonly Failure[], { narrate }: Context): void {
  for (const failure of failures) {
    narrate({ type: 'log', level: 'error', message: failureLine(failure), fields: failureFields(failure) });
    narrate(failedEvent(failure));
  }
}

/** Logs what has no effect, each once. */
export function tellWarnings(warnings: readonly Failure[], { narrate }: Context): void {
  for (const warning of warnings) narrate({ type: 'log', level: 'warning', message: failureLine(warning) });
}

/** One failure as a log line: `edge src@digest -> dst:tag: …`, or `file:line:column: …` where no edge is concerned. */
export function failureLine({ source, at, message, hint, refs = [] }: Failure): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column}`;
  const edge = source !== undefined && refs[0] !== undefined ? `edge ${source} -> ${refs[0]}: ` : '';
  const prefix = edge !== '' || place === '' ? edge : `${place}: `;
  const more =
    refs.length > 1 ? ` (and ${refs.length - 1} more ${refs.length === 2 ? 'destination' : 'destinations'})` : '';
  const where = edge !== '' && place !== '' ? ` [${place}]` : '';
  return `${prefix}${message}${more}${where}${hint === undefined ? '' : `; ${hint}`}`;
}

/** Warns of a destination that the registry does not let us read, and that may not exist. */
export function tellUnread(repository: string, { narrate }: Context): void {
  const message = `${repository} may not be read by this account; it is taken for a repository that does not exist yet`;
  narrate({ type: 'log', level: 'warning', message });
}

/** Logs how much is due, and at `debug` a line an image and an edge: a plan or the copying has a line an image, too. */
export function tellPending(images: readonly Pick<PlannedImage, 'wanted' | 'targets'>[], { narrate }: Context): void {
  const say = (level: LogLevel, message: string): void => narrate({ type: 'log', level, message });
  if (images.length === 0) return;
  say('info', 'Pending promotions:');
  say('info', `  ${images.length} ${images.length === 1 ? 'image' : 'images'}; --log-level=debug names them`);
  for (const { wanted, targets } of images) {
    narrate(plannedEvent(wanted, targets));
    const edges = targets.flatMap(({ repository, tags, action }) =>
      refsOf(repository, tags, wanted.digest).map((ref) => ({ ref, action })),
    );
    const more = edges.length > 1 ? ` and ${edges.length - 1} more` : '';
    say('debug', `  ${wanted.source} (${wanted.digest}) to ${edges[0]?.ref ?? ''}${more}`);
    for (const { ref, action } of edges) {
      const why =
        action === 'copy'
          ? 'regular promotion (neither digest nor tag exists in dst)'
          : `digest "${wanted.digest}" already exists, but does not have the tag we want (${wanted.tags.join(', ')})`;
      say('debug', `edge ${wanted.source}@${wanted.digest} -> ${ref}: ${why}`);
    }
  }
}
