import { PREDICATE_TYPE } from '../../attest/formats/annotations.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { attachmentOf } from '../../mirroring/attachment.ts';
import type { Call, ManifestReader, Referrer, ReferrerLister } from '../../registry/roles.ts';

/** Artifact type of a referrer with the contents of a `.sig` tag. */
const SIG_REFERRER = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/** Referrers without annotations that are read: an image of ours has three. */
const MOST_READ = 20;

/**
 * Returns the predicate types of what is attached to a digest, as the list of its referrers shows them. Reads the
 * manifests of a list without annotations.
 */
export async function listedTypes(
  registry: ReferrerLister & ManifestReader,
  repository: RepositoryName,
  digest: Digest,
  call: Call,
): Promise<ReadonlySet<string>> {
  const referrers = await registry.listReferrers(repository, digest, call);
  const types = new Set<string>();
  const bare: Referrer[] = [];
  for (const referrer of referrers) {
    const type = typeOf(referrer);
    if (type !== undefined) types.add(type);
    else if (referrer.annotations === undefined) bare.push(referrer);
  }
  for (const { digest: one } of bare.slice(0, MOST_READ)) {
    const manifest = await registry.readManifest(repository, one, call);
    const type = manifest && typeOf(attachmentOf(manifest)?.referrer);
    if (type !== undefined) types.add(type);
  }
  return types;
}

function typeOf(referrer: Referrer | undefined): string | undefined {
  return referrer?.artifactType === SIG_REFERRER ? SIGNATURE : referrer?.annotations?.[PREDICATE_TYPE];
}
