import type { LogLevel } from '../../events.ts';
import { joinRepository, refsOf } from '../../image/reference.ts';
import type { Failure } from '../../errors.ts';
import { causesOf } from '../../pipeline/causes.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { ImageDetails } from '../../plan/desired/details.ts';
import { failedEvent, failureFields, plannedEvent } from './events.ts';
import type { PlannedImage } from '../images.ts';

/** Logs each failure once, in upstream's words; of those that have one cause the first, and the others at `debug`. */
export function tellFailures(failures: readonly Failure[], { emit }: Context): void {
  for (const { first, failures: alike } of causesOf(failures)) {
    const others = alike.length === 1 ? '' : ` (the same for ${alike.length - 1} more)`;
    for (const failure of alike) {
      const isFirst = failure === first;
      const message = `${failureLine(failure)}${isFirst ? others : ''}`;
      emit({ type: 'log', level: isFirst ? 'error' : 'debug', message, fields: failureFields(failure) });
      emit(failedEvent(failure));
    }
  }
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

/** Logs how many repositories are read, in upstream's words. */
export function tellReading(repositories: number, { emit }: Context): void {
  emit({ type: 'log', level: 'info', message: `Reading ${repositories} registries (recursive: false)` });
}

/** Warns of a destination that the registry does not let us read, and that may not exist. */
export function tellUnread(repository: string, { emit }: Context): void {
  const message = `${repository} may not be read by this account; it is taken for a repository that does not exist yet`;
  emit({ type: 'log', level: 'warning', message });
}

/** Tells which images are not known on which repositories, logs how much is due, and at `debug` a line an image and an edge: a plan or the copying has a line an image, too. */
export function tellPending(
  images: readonly Pick<PlannedImage, 'wanted' | 'targets'>[],
  details: ReadonlyMap<WantedImage, ImageDetails>,
  { emit }: Context,
): void {
  const say = (level: LogLevel, message: string): void => emit({ type: 'log', level, message });
  for (const [{ name, digest }, { unread }] of details) {
    const repositories = unread.map((mirror) => joinRepository(mirror.name, name));
    if (repositories.length > 0) emit({ type: 'image-unknown', image: name, digest, repositories });
  }
  if (images.length === 0) return;
  say('info', 'Pending promotions:');
  say('info', `  ${images.length} ${images.length === 1 ? 'image' : 'images'}; --log-level=debug names them`);
  for (const { wanted, targets } of images) {
    emit(plannedEvent(wanted, targets));
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
