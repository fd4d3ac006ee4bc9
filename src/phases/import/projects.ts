import { failureOf, type Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { sharedName } from '../../foreign/shared-name.ts';
import { refOf, type Wanted } from './wanted.ts';

/** The images that go from one registry to another; one project of a tree. */
export type ImportedProject = {
  readonly source: string;
  readonly destination: string;
  readonly images: readonly ImportedImage[];
};

/** A digest and its tags; without one, if it is wanted by its digest. */
export type ImportedImage = { readonly name: string; readonly digest: Digest; readonly tags: readonly string[] };

/** Leaves out the second of two digests for one tag of a target, in the order of the file. */
export function withoutConflicts(wanted: readonly Wanted[]): {
  readonly wanted: readonly Wanted[];
  readonly failures: readonly Failure[];
} {
  const first = new Map<string, Wanted>();
  const [kept, failures]: [Wanted[], Failure[]] = [[], []];
  for (const one of wanted) {
    const ref = refOf(one);
    const other = first.get(ref);
    if (other === undefined) {
      first.set(ref, one);
      kept.push(one);
    }
    if (other === undefined || other.digest === one.digest) continue;
    const message = `${ref} would be ${one.digest}, and is ${other.digest} by line ${other.at.line}, which is taken`;
    failures.push(
      failureOf(
        'import',
        { code: 'TAG_CONFLICT', message, hint: 'give one of them another tag or target' },
        { at: one.at },
      ),
    );
  }
  return { wanted: kept, failures };
}

/** Divides references into projects, in the order in which their registries first occur. */
export function projectsOf(wanted: readonly Wanted[]): readonly ImportedProject[] {
  const projects = new Map<
    string,
    { source: string; destination: string; images: Map<string, ImportedImage & { readonly tags: string[] }> }
  >();
  for (const one of wanted) {
    const shared = sharedName(one.source, one.target);
    if (shared === undefined) continue;
    const { source, destination, name } = shared;
    const key = `${source} ${destination}`;
    const project = projects.get(key) ?? { source, destination, images: new Map() };
    projects.set(key, project);
    const image = project.images.get(`${name}@${one.digest}`) ?? { name, digest: one.digest, tags: [] };
    project.images.set(`${name}@${one.digest}`, image);
    if (one.tag !== undefined && !image.tags.includes(one.tag)) image.tags.push(one.tag);
  }
  return [...projects.values()].map(({ images, ...project }) => ({ ...project, images: [...images.values()] }));
}
