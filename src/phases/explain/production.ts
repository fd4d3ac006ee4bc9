import type { EvidenceReader } from '../../attest/evidence/reader.ts';
import type { Identity, LaterVerifier } from '../../attest/roles.ts';
import { asPromotionError } from '../../errors.ts';
import { repositoryOf, type RepositoryName } from '../../image/reference.ts';
import type { Checked } from '../../plan/checks.ts';
import { NO_POLICIES } from '../../policy/policies.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { sharedReader } from '../../registry/shared-reader.ts';
import { unknown, type Explanation, type Fact } from '../../plan/explained/facts.ts';
import { readAttached } from './read-attached.ts';
import { readBuild } from './read-build.ts';
import { readPlaces } from './read-places.ts';

export type ProductionServices = {
  readonly registry: RegistryReader;
  /** Opened at the first signature. Without a trust root it verifies nothing, and says so. */
  readonly verifier: LaterVerifier;
  /** Who is expected to have signed in production. */
  readonly isExpected: (identity: Identity) => boolean;
  readonly evidence: EvidenceReader;
};

/** What registries say about one digest. */
export type ProductionFacts = Pick<Explanation, 'promoted' | 'staging' | 'built' | 'signed' | 'summary' | 'places'>;

/** Reads what production and staging have of a digest. What cannot be read is unknown, with the reason. */
export async function readProduction(
  services: ProductionServices,
  check: Checked,
  source: RepositoryName | undefined,
  signal: AbortSignal,
): Promise<ProductionFacts> {
  const { digest, repository, reference, formerReferences = [], wanted } = check;
  const registry = sharedReader(services.registry);
  const { isExpected, verifier } = services;
  const expected = { isExpected, references: [reference, ...formerReferences] };
  const callTo = (): Call => ({ signal });
  const places = await readPlaces({ registry, verifier, isExpected, callTo }, check);
  const attached = await orUnknown(signal, async () => ({
    known: await readAttached(registry, verifier, { repository, digest }, expected, { signal }),
  }));
  const facts = 'known' in attached ? attached.known : { promoted: attached, signed: attached, summary: attached };
  const recorded = 'known' in facts.promoted ? facts.promoted.known.source : undefined;
  const from = source ?? (recorded === undefined ? undefined : repositoryOf(recorded));
  const staging: ProductionFacts['staging'] =
    from === undefined
      ? unknown('neither the manifests nor a promotion record name its source')
      : await orUnknown(signal, async () => {
          const found = await registry.resolveManifest(from, digest, { signal });
          return { known: { repository: from, digest, isThere: found !== undefined } };
        });
  // production has copies of what was accepted, if staging has deleted the image
  const isThere = 'known' in staging && staging.known.isThere && from !== undefined;
  const built = await orUnknown(signal, () =>
    readBuild(services, { repository: isThere ? from : repository, digest }, wanted?.policies ?? NO_POLICIES, signal),
  );
  return { ...facts, staging, built: isThere ? built : withReason(built, staging), places };
}

/** Returns the facts if no registry is read, or nothing is known to look for. */
export function nothingRead(reason: string): ProductionFacts {
  const fact = unknown(reason);
  return { promoted: fact, staging: fact, built: fact, signed: fact, summary: fact, places: [] };
}

/** Names the reason why staging did not answer, if production does not either. */
function withReason<T>(fact: Fact<T>, staging: ProductionFacts['staging']): Fact<T> {
  if ('known' in fact) return fact;
  const reason = 'unknown' in staging ? staging.unknown : `${staging.known.repository} no longer has the image`;
  return unknown(`${reason}, and ${fact.unknown}`);
}

async function orUnknown<T>(signal: AbortSignal, read: () => Promise<Fact<T>>): Promise<Fact<T>> {
  try {
    return await read();
  } catch (error) {
    return unknown(asPromotionError(error, signal).message);
  }
}
