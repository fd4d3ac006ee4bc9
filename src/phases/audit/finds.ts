import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { holdsReferrers, unexpectedIn, wantedThere } from '../../plan/audit/unexpected.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { Call, RepositoryListing } from '../../registry/roles.ts';
import type { AuditServices } from './services.ts';
import { keptLists } from '../../registry/listing/kept-lists.ts';
import { checkTag } from '../snapshot/held-manifests.ts';
import type { Find } from './find.ts';
import { manifestFacts } from './manifest-facts.ts';
import { untaggedExtras } from './untagged.ts';

/** The differences found in all repositories so far; contents that match the tree are not kept. */
export type Finds = {
  /** Compares the list of one repository with the images that the tree wants there. */
  look(repository: RepositoryName, listing: RepositoryListing, call: Call): Promise<void>;
  found(): readonly Find[];
  /** The names below each repository whose listing names some. */
  readonly children: ReadonlyMap<RepositoryName, ReadonlySet<string>>;
  /** Hosts whose listings name what is below a repository. */
  readonly folders: ReadonlySet<string>;
  /** Repositories that are not empty. */
  readonly held: ReadonlySet<RepositoryName>;
  /** Repositories whose lists show every manifest, and none that can be a referrer or a list of referrers. */
  readonly bare: ReadonlySet<RepositoryName>;
  /** Hosts whose listings show only tags. */
  readonly tagsOnly: ReadonlySet<RepositoryName>;
  /** How many manifests without a tag were not judged. */
  untagged(): number;
  /** Repositories whose lists may have been cut. */
  readonly cut: readonly RepositoryName[];
};

/** Limit for one host: more than all tags of Kubernetes' production cannot be mistakes of people. */
const MOST_KEPT = 500_000;

/** Creates an empty collection; `all` has the images of the whole tree by repository. */
export function findsIn(
  all: ReadonlyMap<RepositoryName, readonly ImageSet[]>,
  { judgesUntagged, registry }: Pick<AuditServices, 'judgesUntagged' | 'registry'>,
  context: Context,
): Finds {
  const [found, cut]: [Find[], RepositoryName[]] = [[], []];
  const [held, bare] = [new Set<RepositoryName>(), new Set<RepositoryName>()];
  const children = new Map<RepositoryName, ReadonlySet<string>>();
  const hosts = { folders: new Set<string>(), tagsOnly: new Set<string>() };
  const kept = keptLists(MOST_KEPT);
  const facts = manifestFacts(registry, context);
  let unjudged = 0;
  const look: Finds['look'] = async (repository, listing, call) => {
    const sets = all.get(repository);
    const wanted = wantedThere(sets);
    const { tags, attached, untagged } = unexpectedIn(listing, wanted);
    for (const { tag } of tags) checkTag(repository, tag);
    kept.keep(repository, tags.length + attached.length);
    for (const one of tags) found.push({ repository, ...one });
    for (const { tag, subject } of attached) found.push({ repository, tag, subject });
    const { size } = listing.kind === 'tags' ? listing.tags : listing.manifests;
    if (size > 0) held.add(repository);
    if (listing.kind === 'tags') {
      if (size > 0) hosts.tagsOnly.add(hostOf(repository));
      return;
    }
    const { manifests, children: below, mayBeCut } = listing;
    if (below !== undefined) hosts.folders.add(hostOf(repository));
    if (below !== undefined && below.size > 0) children.set(repository, below);
    if (mayBeCut === true) cut.push(repository);
    else if (!holdsReferrers(listing)) bare.add(repository);
    // in a repository of no manifest, where nothing has a tag, nothing belongs to an image
    const isLoose = sets === undefined && untagged.length === size;
    const listed = { manifests, untagged, wanted: wanted.digests };
    if (!judgesUntagged && !isLoose) unjudged += untagged.length;
    else for (const digest of await untaggedExtras(facts, repository, listed, call)) found.push({ repository, digest });
  };
  // a platform whose index is missing there belongs to the image
  const isExtra = ({ tag, digest }: Find): boolean =>
    tag !== undefined || digest === undefined || !facts.isPlatform(digest);
  return { look, found: () => found.filter(isExtra), children, held, bare, ...hosts, untagged: () => unjudged, cut };
}
