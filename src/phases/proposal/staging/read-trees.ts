import { PromotionError } from '../../../errors.ts';
import type { Descriptor, Manifest } from '../../../image/descriptor.ts';
import type { Digest } from '../../../image/digest.ts';
import { readOci } from '../../../image/oci.ts';
import { joinRepository, type RepositoryName } from '../../../image/reference.ts';
import { eachOf } from '../../../async/each-of.ts';
import type { Context } from '../../../pipeline/phase.ts';
import { bytesOf, openImageTree, treeSource } from '../../../registry/image/image-tree.ts';
import { sourceReader } from '../../../registry/source.ts';
import type { RegistryReader } from '../../../registry/roles.ts';
import { caught } from '../../caught.ts';
import type { Chosen } from './choose.ts';
import { refusal } from '../refusal.ts';

/** An image as staging has it, complete with all that it names; sizes in bytes. */
export type ImageFacts = {
  readonly size: number;
  /** Those that an index names. */
  readonly platforms: readonly string[];
  /** The config of an image that is not an index. */
  readonly config: Descriptor | undefined;
};

/** Images that are read at a time: each has up to eight requests under way. */
const AT_ONCE = 4;

/** Reads the manifests of each digest in staging once. Throws if an image lacks one, such as a platform of an index. */
export async function readTrees(
  registry: RegistryReader,
  source: string,
  fresh: readonly Chosen[],
  context: Context,
): Promise<ReadonlyMap<Digest, ImageFacts>> {
  const facts = new Map<Digest, ImageFacts>();
  const broken = new Map<string, PromotionError>();
  const reader = sourceReader(registry, () => ({ requests: 0, bytes: 0 }));
  const places = new Map(
    fresh.map(({ name, digest }) => [`${name}@${digest}`, { digest, repository: joinRepository(source, name) }]),
  );
  await eachOf(places, AT_ONCE, async ([key, { digest, repository }]) => {
    try {
      const opened = await openImageTree(digest, repository, treeSource(reader, repository, context.signal));
      if (opened === undefined) throw gone(repository, digest);
      const { tree, close } = opened;
      close();
      facts.set(digest, { size: bytesOf(tree), ...describedBy(tree.root) });
    } catch (error) {
      broken.set(key, caught(error, context));
    }
  });
  const [first, ...others] = broken.values();
  if (first === undefined) return facts;
  throw refusal(
    first.code,
    'staging has not all parts of an image',
    first.hint ?? 'push it again',
    [first, ...others].map(({ message }) => message),
  );
}

function describedBy(root: Manifest): Omit<ImageFacts, 'size'> {
  const read = readOci(root);
  if (read.kind === 'image') return { platforms: [], config: read.config };
  const named = read.kind === 'index' ? read.children.flatMap(({ platform }) => platform ?? []) : [];
  // BuildKit's attestations
  const platforms = [...new Set(named)].filter((platform) => platform !== 'unknown/unknown');
  return { platforms, config: undefined };
}

function gone(repository: RepositoryName, digest: Digest): PromotionError {
  return new PromotionError('NOT_FOUND', `${repository}@${digest} is not in staging`, { hint: 'push it again' });
}
