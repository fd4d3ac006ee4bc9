import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../request.ts';
import type { Call } from '../roles.ts';
import type { SubjectLock } from './lock.ts';
import { settling, type Settling } from './settling.ts';
import { updateTag, type TagChange, type TagRegistry } from './tag-update.ts';

/** The tags that list attachments, and whether a repository lets them be overwritten. */
export type ListTags = {
  /** Changes a tag like updateTag. Throws LIST_IMMUTABLE if the registry does not let it be overwritten. */
  update(repository: RepositoryName, tag: string, change: TagChange, call: Call): Promise<void>;
  /**
   * Throws LIST_IMMUTABLE if the tag exists and cannot be overwritten: a signature that cannot be listed should not be
   * made. At the first call for a repository, it overwrites the tag with the same JSON and one more line break.
   */
  checkWritable(repository: RepositoryName, tag: string, subject: Digest, call: Call): Promise<void>;
  readonly settle: Settling['settle'];
};

/** Starts without knowledge of any repository. */
export function listTags(registry: TagRegistry, lock: SubjectLock): ListTags {
  const known: Known = new Map();
  const { note, settle } = settling(registry, lock);
  const updating = updatingTags(registry, lock, known);
  return {
    update: async (repository, tag, change, call) => {
      const digest = await updating(repository, tag, change, call);
      if (digest !== undefined) await note({ repository, tag, digest, change }, call);
    },
    settle,
    checkWritable: async (repository, tag, subject, call) => {
      if (known.get(repository) === 'writable') return;
      const there = await registry.readManifest(repository, tag, call);
      // GitLab reads the tag as the digest that it spells.
      if (there === undefined || there.descriptor.digest === subject) return;
      if (known.get(repository) === 'immutable') throw immutable(repository, tag);
      let turns = 0;
      await updating(
        repository,
        tag,
        async (current) =>
          (turns += 1) > 1 || current === undefined ? undefined : { manifest: respaced(current), blobs: [] },
        call,
      );
      known.set(repository, 'writable');
    },
  };
}

type Known = Map<RepositoryName, 'writable' | 'immutable'>;

/** Returns a function that changes a tag, and notes repositories that do not let tags be overwritten. */
function updatingTags(registry: TagRegistry, lock: SubjectLock, known: Known) {
  return async (
    repository: RepositoryName,
    tag: string,
    change: TagChange,
    call: Call,
  ): Promise<Digest | undefined> => {
    // An error of the change itself proves nothing about the registry.
    let refused: unknown;
    const changing: TagChange = (current) =>
      change(current).catch((error: unknown) => {
        refused = error;
        throw error;
      });
    try {
      return await updateTag(registry, lock, repository, tag, changing, call);
    } catch (error) {
      if (!isPromotionError(error, 'TAG_MOVE') || error === refused) throw error;
      known.set(repository, 'immutable');
      throw immutable(repository, tag, error);
    }
  };
}

const LINE_BREAK = 0x0a;

/** Returns the same JSON in other bytes. */
function respaced({ bytes, descriptor }: Manifest): Manifest {
  const changed =
    bytes.at(-1) === LINE_BREAK ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.from([LINE_BREAK])]);
  return { bytes: changed, descriptor: { ...descriptor, digest: digestOf(changed), size: changed.length } };
}

function immutable(repository: RepositoryName, tag: string, cause?: PromotionError): PromotionError {
  return new PromotionError(
    'LIST_IMMUTABLE',
    `${referenceText(repository, tag)} lists the attachments of an image, and the registry does not let it be changed`,
    {
      side: 'destination',
      hint: 'exempt the tags `sha256-*` from tag immutability there, and run again; until then the image cannot be signed',
      cause,
    },
  );
}
