import { joinRepository } from '../../../src/image/reference.ts';
import type { Failure } from '../../../src/errors.ts';
import type { RunReport } from '../../../src/report/model/report.ts';
import type { RegistryStore } from '../memory-registry/store.ts';
import { buildImage, storeImage, type BuiltImage } from '../registry/images.ts';
import type { ProjectSpec } from './tree.ts';

/** What a registry holds or a project wants: image name, label of a digest (`A0-app`), tags. */
export type Content = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** A plan in the words of test/fixtures/plan.json; registries have no host, digests have labels. */
export type PlanCase = {
  readonly projects: readonly {
    readonly src: string;
    readonly dsts: readonly string[];
    readonly images: readonly { readonly name: string; readonly dmap: Content[string] }[];
  }[];
  /** What each registry holds, by image name. */
  readonly inventory: Readonly<Record<string, Content>>;
};

/** Each edge once, sorted: `repository:tag@label`, a tagless one `repository@label`, an overlap `repository:tag`. */
export type Verdicts = Readonly<Record<'promote' | 'lost' | 'tagMoves' | 'overlaps', readonly string[]>>;

/** Verdicts with every list there, sorted and without repetitions. */
export function verdicts(given: Partial<Record<keyof Verdicts, Iterable<string>>>): Verdicts {
  const list = (items: Iterable<string> = []): readonly string[] => [...new Set(items)].toSorted();
  const { promote, lost, tagMoves, overlaps } = given;
  return { promote: list(promote), lost: list(lost), tagMoves: list(tagMoves), overlaps: list(overlaps) };
}

/** Without the tagless edges of digests that get there under a tag anyway. */
export function withoutCovered(decided: Verdicts): Verdicts {
  const tag = /:[^@/]*@/;
  const tagged = new Set(decided.promote.filter((edge) => tag.test(edge)).map((edge) => edge.replace(tag, '@')));
  const uncovered = (edges: readonly string[]): readonly string[] => edges.filter((edge) => !tagged.has(edge));
  return { ...decided, promote: uncovered(decided.promote), lost: uncovered(decided.lost) };
}

const images = new Map<string, BuiltImage>();
const labels = new Map<string, string>();

/** The one small image of a label. */
export function imageOf(label: string): BuiltImage {
  const image = images.get(label) ?? buildImage({ seed: images.size + 1, layers: [40] });
  images.set(label, image);
  labels.set(image.manifest.descriptor.digest, label);
  return image;
}

/** The digest of a label's image. */
export function digestOfLabel(label: string): string {
  return imageOf(label).manifest.descriptor.digest;
}

/** The label of a digest that `imageOf` has built. */
export function labelOf(digest: string): string {
  return labels.get(digest) ?? digest;
}

/** The plan's projects as a tree; `hostOf` puts each registry on a host. */
export function projectsOf({ projects }: PlanCase, hostOf: (registry: string) => string): ProjectSpec[] {
  const full = (registry: string): string => `${hostOf(registry)}/${registry}`;
  return projects.map(({ src, dsts, images: wanted }, index) => ({
    name: `project-${index}`,
    from: full(src),
    to: dsts.map(full),
    entries: wanted.flatMap(({ name, dmap }) =>
      Object.entries(dmap).map(([label, tags]) => [name, digestOfLabel(label), ...tags] as const),
    ),
  }));
}

/** Every repository of the plan's inventory: its path, and its labels with their tags. */
export function repositoriesOf({
  inventory,
}: PlanCase): (readonly [path: string, Content[string], registry: string])[] {
  return Object.entries(inventory).flatMap(([registry, content]) =>
    Object.entries(content).map(([name, held]) => [joinRepository(registry, name), held, registry] as const),
  );
}

/** Puts all that the plan's registries hold into stores. */
export function fillStores(plan: PlanCase, storeOf: (registry: string) => RegistryStore): void {
  for (const [path, held, registry] of repositoriesOf(plan)) {
    for (const [label, tags] of Object.entries(held)) storeImage(storeOf(registry), path, imageOf(label), tags);
  }
}

/** The verdicts that a dry run came to; references lose their host. */
export function verdictsOf(report: RunReport): Verdicts {
  const due = report.images.flatMap(({ digest, targets }) =>
    targets.filter(({ pending }) => pending === true).map(({ ref }) => edgeOf(ref, digest)),
  );
  return { ...failureVerdicts(report.failures), promote: verdicts({ promote: due }).promote };
}

/** The verdicts that stand in failures. */
export function failureVerdicts(failures: readonly Failure[]): Verdicts {
  const refsWith = (wanted: Failure['code']): string[] =>
    failures.flatMap(({ code, digest, refs = [] }) => (code === wanted ? refs.map((ref) => edgeOf(ref, digest)) : []));
  return verdicts({ lost: refsWith('LOST'), tagMoves: refsWith('TAG_MOVE'), overlaps: refsWith('TAG_CONFLICT') });
}

/** `host/repository:tag` or `host/repository@digest` as an edge of the fixture. */
export function edgeOf(ref: string, digest: string | undefined): string {
  const local = ref.slice(ref.indexOf('/') + 1);
  const at = local.indexOf('@');
  if (at >= 0) return `${local.slice(0, at)}@${labelOf(local.slice(at + 1))}`;
  return digest === undefined ? local : `${local}@${labelOf(digest)}`;
}
