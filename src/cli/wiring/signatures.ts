import type { Signing } from '../../attest/signing/open.ts';
import { jobFact } from '../../attest/formats/record.ts';
import type { RegistryConfig } from '../../config/config.ts';
import type { SetupServices } from '../../phases/setup.ts';
import type { SigningServices, VouchServices } from '../../phases/signing/services.ts';
import type { CandidateServices } from '../../phases/plan/candidate-services.ts';
import { ownPushes } from '../../registry/own-pushes.ts';
import type { CipOptions } from '../options/commands/cip.ts';
import type { CommandServices } from '../command.ts';
import { digestOpener, imageSigning } from './image-signing.ts';
import { imageVouching } from './attestations.ts';
import { manifestFacts } from './manifest-facts.ts';
import { loadRequest, youngEntries } from './manifests.ts';
import type { Registries } from './registries.ts';
import { candidateServices, type Refuse } from './signing.ts';
import { summariesOf } from './summaries.ts';

/** The services that signing needs. */
type SigningParts = {
  readonly signing: Signing;
  readonly registries: Registries;
  readonly config: RegistryConfig;
  readonly load: SetupServices['load'];
  readonly version: string;
  readonly refuse: Refuse;
};

/**
 * Creates the services that sign promoted images. Logs the signer of verification summaries; opens nothing before there
 * is something to sign.
 */
export async function signaturesOf(
  options: CipOptions,
  services: CommandServices,
  parts: SigningParts,
): Promise<CandidateServices & SigningServices & VouchServices> {
  const { signing, registries, version } = parts;
  const summaries = await summariesOf(options, services, parts);
  const { env, clock, signal } = services;
  const given = {
    signing,
    registries: { ...registries, registry: ownPushes(registries.registry, clock) },
    clock,
    version,
    flags: options.signing,
    facts: () => manifestFacts(loadRequest(options.source), { env, clock, signal }),
    job: jobFact(env),
  };
  const opener = digestOpener(given);
  return {
    ...candidateServices(options, { ...parts, summaries }, services, youngEntries(options.source, services)),
    ...imageSigning(given, opener),
    ...imageVouching({ opener, carrySboms: options.attestations.carrySboms, summaries }),
  };
}
