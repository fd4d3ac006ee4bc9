import type { X509Certificate } from '@sigstore/core';
import { isSource } from '../../policy/sources.ts';
import type { BuildClaims } from './predicates.ts';

/** Facts about the build that Fulcio certified from the token of its CI system. */
export type Certified = {
  /** The repository of the workflow, such as `https://github.com/acme/app`. */
  readonly source?: string | undefined;
  /** The commit of that repository. */
  readonly commit?: string | undefined;
  readonly ref?: string | undefined;
  /** The workflow that was started, with its ref. */
  readonly config?: string | undefined;
};

// https://github.com/sigstore/fulcio/blob/v1.8.8/docs/oid-info.md; the older extensions exist for GitHub only, and are
// not DER
const [SOURCE, COMMIT, REF, CONFIG] = ['12', '13', '14', '18'];
const [OLD_REPOSITORY, OLD_COMMIT, OLD_REF] = ['5', '3', '6'];

/** Returns the build facts in a certificate; undefined for a certificate without any. */
export function certifiedIn(certificate: X509Certificate): Certified | undefined {
  const extension = (id = ''): ReturnType<X509Certificate['extension']> =>
    certificate.extension(`1.3.6.1.4.1.57264.1.${id}`);
  const text = (id?: string): string | undefined => extension(id)?.valueObj.subs?.[0]?.value.toString('utf8');
  const oldText = (id?: string): string | undefined => extension(id)?.value.toString('utf8');
  const repository = oldText(OLD_REPOSITORY);
  const source = text(SOURCE) ?? (repository && `https://github.com/${repository}`);
  const config = text(CONFIG);
  if (source === undefined && config === undefined) return undefined;
  const commit = text(COMMIT) ?? oldText(OLD_COMMIT);
  return { source, commit, ref: text(REF) ?? oldText(OLD_REF), config };
}

/**
 * Returns a clause that says how provenance contradicts the certificate of its signer; undefined if it does not. The
 * caller of a trusted workflow can choose the claims, but not what Fulcio certifies. Provenance that names several
 * repositories must include the certified one; the policy judges the others.
 */
export function contradiction(certified: Certified, claims: BuildClaims): string | undefined {
  const { source, config } = certified;
  const ofSource = source === undefined ? undefined : contradictionOf({ ...certified, source }, claims);
  if (ofSource !== undefined) return ofSource;
  if (config !== undefined && claims.config !== undefined && claims.config !== config)
    return `its provenance claims the workflow ${claims.config}, its certificate ${config}`;
  return undefined;
}

function contradictionOf(
  { source, commit, ref }: Certified & { readonly source: string },
  claims: BuildClaims,
): string | undefined {
  // an address without a scheme matches any
  const isCertified = (claimed: string): boolean => isSource(source.replace(/^https:\/\//, ''), claimed);
  const own = claims.sources.filter(isCertified);
  if (own.length === 0 && claims.sources.length > 0)
    return `its provenance claims the source ${claims.sources.join(', ')}, its certificate ${source}`;
  const commits = claims.commits.filter(({ repository }) => isCertified(repository));
  const otherCommit = commit && commits.find((claimed) => claimed.commit !== commit)?.commit;
  if (otherCommit) return `its provenance claims the commit ${otherCommit}, its certificate ${commit}`;
  const otherRef = ref && refsIn(own).find((claimed) => !isRef(claimed, ref, commit));
  return otherRef ? `its provenance claims the ref ${otherRef}, its certificate ${ref}` : undefined;
}

function refsIn(sources: readonly string[]): readonly string[] {
  // a ref may contain an @, as tags of packages do; BuildKit appends the folder after a colon
  return sources.flatMap((source) => /@(.*)$/s.exec(source)?.[1]?.replace(/:.*$/s, '') || []);
}

/** Builders write `refs/tags/v1` or `v1`, or the commit. */
function isRef(claimed: string, ref: string, commit: string | undefined): boolean {
  return claimed === ref || ref === `refs/tags/${claimed}` || ref === `refs/heads/${claimed}` || claimed === commit;
}
