import type { Context } from '../../pipeline/phase.ts';
import type { Lacks, SourceState } from '../../plan/desired/assemble.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { PlanServices } from './services.ts';
import { pushTo, readByHost } from '../reading/read-by-host.ts';

/** Asks each source repository only for images that some destination lacks. */
export async function findSources(
  { source }: Pick<PlanServices, 'source'>,
  pending: Lacks,
  context: Context,
): Promise<(image: WantedImage) => SourceState> {
  const bySource = new Map<string, WantedImage[]>();
  for (const image of pending.keys()) pushTo(bySource, image.source, image);
  const there = new Set<WantedImage>();
  const read = async (repository: string): Promise<void> => {
    const images = bySource.get(repository) ?? [];
    const has = await source.whichExist(
      repository,
      images.map(({ digest }) => digest),
      context.signal,
    );
    for (const image of images) if (has.has(image.digest)) there.add(image);
  };
  const errors = await readByHost('source', [...bySource.keys()], read, context);
  return (image) => errors.get(image.source) ?? (there.has(image) ? 'there' : 'lost');
}
