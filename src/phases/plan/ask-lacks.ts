import type { Failure, PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Lack } from '../../plan/compare.ts';
import { byImage, type Lacks } from '../../plan/desired/assemble.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { pushTo, readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import type { Traffic } from '../reading/traffic.ts';
import { unreadable } from '../reading/unreadable.ts';

type AskServices = { readonly registry: RegistryReader; readonly traffic: Traffic };

/** What is still lacking after each reference was requested; `present` counts the image × mirror pairs that are complete. */
type Asked = {
  readonly pending: Lacks;
  readonly present: number;
  /** Repositories that denied an answer. */
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
  readonly failures: readonly Failure[];
};

/**
 * Requests the tags and digests that lists of destinations omit, or show at another digest: lists are stale, cut
 * or denied on real registries. Requests only lacks for which `isAsked` returns true, with one `HEAD` for each reference.
 */
export async function askLacks(
  { registry, traffic }: AskServices,
  pending: Lacks,
  isAsked: (lack: Lack) => boolean,
  context: Context,
): Promise<Asked> {
  const asked = new Map<RepositoryName, Lack[]>();
  for (const lack of [...pending.values()].flat()) if (isAsked(lack)) pushTo(asked, lack.repository, lack);
  if (asked.size === 0) return { pending, present: 0, unread: new Map(), failures: [] };
  const answers = new Map<Lack, Lack | 'nothing'>();
  const ask = async (repository: RepositoryName): Promise<void> => {
    const call = { signal: context.signal, meter: traffic.of(repository) };
    await eachOf(asked.get(repository) ?? [], REQUESTS_AT_ONCE, async (lack) => {
      const digestOf = async (reference: string): Promise<Digest | undefined> =>
        (await registry.resolveManifest(repository, reference, call))?.digest;
      answers.set(lack, await askLack(lack, digestOf));
    });
  };
  const unread = await readByHost('destination', [...asked.keys()], ask, context);
  let present = 0;
  const left = [...pending.values()].flatMap((lacks) =>
    lacks.flatMap((lack): Lack[] => {
      // nothing is planned in a repository that denied an answer
      if (unread.has(lack.repository)) return [];
      const answer = answers.get(lack) ?? lack;
      if (answer === 'nothing') present += 1;
      return answer === 'nothing' ? [] : [answer];
    }),
  );
  return { pending: byImage(left), present, unread, failures: unreadable(unread) };
}

async function askLack(
  lack: Lack,
  digestOf: (reference: string) => Promise<Digest | undefined>,
): Promise<Lack | 'nothing'> {
  const { image, missingTags, moves } = lack;
  const references = image.tags.length === 0 ? [image.digest] : [...missingTags, ...moves.map(({ tag }) => tag)];
  const found = await Promise.all(
    references.map(async (reference) => ({ reference, digest: await digestOf(reference) })),
  );
  const left = found.filter(({ digest }) => digest !== image.digest);
  if (left.length === 0) return 'nothing';
  return {
    ...lack,
    digestMissing: lack.digestMissing && left.length === found.length,
    missingTags:
      image.tags.length === 0 ? [] : left.flatMap(({ reference, digest }) => (digest === undefined ? [reference] : [])),
    moves: left.flatMap(({ reference, digest }) => (digest === undefined ? [] : [{ tag: reference, current: digest }])),
  };
}
