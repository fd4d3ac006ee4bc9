import { joinRepository, refsOf } from '../../image/reference.ts';
import { durationText } from '../../pipeline/duration.ts';
import { counted, debug, info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Reading fewer digests ends before an estimate is read. */
const WORTH_AN_ESTIMATE = 1000;

/** Comparing registries with manifests, and finding images to sign. */
export const PLAN = {
  'destinations-listed': ({ repositories }) => [info(UPSTREAM.reading(repositories))],
  *'inventory-believed'({ repositories, since }) {
    if (since === undefined) return;
    const date = new Date(since).toISOString();
    yield info(
      `${counted(repositories, 'repository is', 'repositories are')} not read: complete by the inventory cache, read at ${date} or later`,
    );
  },
  *'inventory-distrusted'({ wrong, isClockWrong }) {
    const more = wrong.length > 1 ? ` and ${wrong.length - 1} more` : '';
    if (wrong.length > 0)
      yield warning(
        `the inventory cache is wrong about ${wrong[0]}${more}: it lacks an image or a tag; every repository is read now`,
      );
    if (isClockWrong)
      yield warning(
        'most registries show another time than this machine: the inventory cache is neither used nor written; correct the clock',
      );
  },
  'repository-read': ({ repository, done, of }) => [debug(UPSTREAM.read(done, of, repository))],
  'repository-denied': ({ repository }) => [
    warning(`${repository} may not be read by this account; it is taken for a repository that does not exist yet`),
  ],
  'index-unreadable': ({ repository, digest }) => [
    warning(`${repository}@${digest} cannot be read as an index; its platforms are unknown`),
  ],
  'promotions-planned': ({ images }) =>
    images === 0 ? [] : [info(UPSTREAM.pending), info(`  ${counted(images, 'image')}; --log-level=debug names them`)],
  *'images-planned'({ images, details }) {
    for (const [{ name, digest }, { unread }] of details) {
      const repositories = unread.map((mirror) => joinRepository(mirror.name, name));
      if (repositories.length > 0) yield { type: 'image-unknown', image: name, digest, repositories };
    }
    for (const { wanted, targets } of images) {
      const { name: image, digest, source, tags, at } = wanted;
      const repositories = targets.map(({ repository }) => repository);
      yield { type: 'image-planned', image, digest, source, tags, file: at.file, line: at.line, repositories };
      const edges = targets.flatMap((target) =>
        refsOf(target.repository, target.tags, digest).map((ref) => ({ ref, action: target.action })),
      );
      const more = edges.length > 1 ? ` and ${edges.length - 1} more` : '';
      yield debug(`  ${source} (${digest}) to ${edges[0]?.ref ?? ''}${more}`);
      for (const { ref, action } of edges)
        yield debug(
          action === 'copy'
            ? UPSTREAM.edgeToCopy(source, digest, ref)
            : UPSTREAM.edgeToTag(source, digest, ref, tags.join(', ')),
        );
    }
  },
  'entry-ages-unknown': ({ reason }) => [info(`Git does not tell how old entries are: ${reason}`)],
  *'candidates-left'({ older, undated }) {
    if (older > 0) yield info(`${digests(older)} without a .sig tag older than --repair-since: counted, not signed`);
    if (undated > 0)
      yield info(
        `${digests(undated)} without a .sig tag of unknown age, as neither Git nor the registry tells: only what this run copies or tags is signed`,
      );
  },
  *'candidates-skipped'({ count }) {
    if (count > 0)
      yield info(`${digests(count)} not looked at for missing signatures: this run has no identity to sign with`);
  },
  'candidates-listed': ({ count, since, rate }) => {
    const which = since === 'all' ? 'all that are complete' : 'complete, and young enough for --repair-since';
    const time = durationText((count / rate) * 1000);
    const estimate = count < WORTH_AN_ESTIMATE ? '' : `; at ${rate} requests a second this takes ${time}`;
    return [info(`Looking at ${digests(count)} (${which}) for missing signatures and records${estimate}`)];
  },
} satisfies Partial<Renderers>;

function digests(count: number): string {
  return counted(count, 'digest');
}
