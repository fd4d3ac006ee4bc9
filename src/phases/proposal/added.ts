import type { Position } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { Addition } from '../../manifest/edit/add-images.ts';
import type { Project } from '../../manifest/manifest.ts';
import { tagAt } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import type { Chosen } from './staging/choose.ts';
import type { ImageFacts } from './staging/read-trees.ts';

/** A digest with the tags that were added for it, and the line of the first of them. */
export type Added = ImageFacts & {
  readonly name: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** Those of the tags that name the digest in staging, too. */
  readonly staged: readonly string[];
  readonly at: Position;
};

/** Returns the additions with their places in the edited project. */
export function added(
  additions: readonly Addition[],
  fresh: readonly Chosen[],
  project: Project | undefined,
  facts: ReadonlyMap<Digest, ImageFacts>,
): readonly Added[] {
  const images = wantedBy(project === undefined ? [] : [project]).flatMap((set) => set.images);
  return additions.flatMap((addition) => {
    const image = images.find(({ name, digest }) => name === addition.name && digest === addition.digest);
    const fact = facts.get(addition.digest);
    const [tag] = addition.tags;
    if (image === undefined || fact === undefined || tag === undefined) return [];
    const own = fresh.filter(({ name, digest }) => name === addition.name && digest === addition.digest);
    const staged = own.flatMap((one) => (one.isStaged ? [one.tag] : []));
    return [{ ...addition, ...fact, staged, at: tagAt(image, tag) }];
  });
}
