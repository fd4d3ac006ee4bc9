import type { Position } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { Project } from '../../manifest/manifest.ts';
import { byDestination, tagAt } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import type { Chosen } from './staging/choose.ts';

/** A chosen tag that the project has already, and its place. */
export type Present = Chosen & { readonly at: Position };

/** Divides chosen tags into those that the project has already and new ones. */
export function divide(
  project: Project,
  chosen: readonly Chosen[],
): { readonly present: readonly Present[]; readonly fresh: readonly Chosen[] } {
  const sets = wantedBy([project]);
  const [present, fresh]: [Present[], Chosen[]] = [[], []];
  for (const one of chosen) {
    const images = sets.filter(({ name }) => name === one.name).flatMap((set) => set.images);
    const found = images.find(({ digest, tags }) => digest === one.digest && tags.includes(one.tag));
    if (found === undefined) fresh.push(one);
    else present.push({ ...one, at: tagAt(found, one.tag) });
  }
  return { present, fresh };
}

/** Returns a sentence for each tag that the tree gives to another digest in a destination of the project. */
export function movesInTree(
  projects: readonly Project[],
  { destinations }: Pick<Project, 'destinations'>,
  fresh: readonly Chosen[],
): readonly string[] {
  const wanted = byDestination(wantedBy(projects));
  return fresh.flatMap(({ name, tag, digest }) => {
    const places = new Map<string, RepositoryName>();
    for (const { name: registry } of destinations) {
      const repository = joinRepository(registry, name);
      for (const image of (wanted.get(repository) ?? []).flatMap(({ images }) => images)) {
        if (image.digest === digest || !image.tags.includes(tag)) continue;
        const { file, line } = tagAt(image, tag);
        const place = `${file}:${line}: ${name}:${tag} is ${image.digest} there`;
        places.set(place, places.get(place) ?? repository);
      }
    }
    return [...places].map(([place, repository]) => `${place}, and would become ${digest} (${repository}:${tag})`);
  });
}
