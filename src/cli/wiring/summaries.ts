import type { Signing } from '../../attest/signing/open.ts';
import type { SetupServices } from '../../phases/setup.ts';
import type { SummaryOptions } from '../options/attestations.ts';
import type { CipOptions } from '../options/commands/cip.ts';
import type { CommandServices } from '../command.ts';
import { committedFile, type SummaryWriting } from './attestations.ts';
import { manifestFacts } from './manifest-facts.ts';
import { loadRequest } from './manifests.ts';
import type { Registries } from './registries.ts';
import { announceOrRecord, signingOf, signingFacts, type Refuse } from './signing.ts';

/** The writing of verification summaries in a run. */
export type Summaries = SummaryWriting & { readonly signing: Signing };

type Given = {
  /** The signer of images. */
  readonly signing: Signing;
  readonly registries: Pick<Registries, 'signing'>;
  readonly load: SetupServices['load'];
  readonly version: string;
  readonly refuse: Refuse;
};

/**
 * Opens the writing of verification summaries and logs their signer; undefined if none are written. A summary names the
 * commit of its policy, so without a commit the run logs that it writes none.
 */
export async function summariesOf(
  options: Pick<CipOptions, 'run' | 'source' | 'attestations' | 'signing' | 'trust'>,
  services: CommandServices,
  { signing: ofImages, registries, load, version, refuse }: Given,
): Promise<Summaries | undefined> {
  const { summaries } = options.attestations;
  if (summaries === undefined) return undefined;
  const { env, clock, signal, narrate } = services;
  const facts = await manifestFacts(loadRequest(options.source), { env, clock, signal });
  const { projects } = await load();
  if (projects.some(({ manifestFile }) => committedFile(facts(manifestFile)) === undefined)) {
    const message = 'No verification summaries: the manifests are not at a commit of a repository with a known address';
    narrate({ type: 'log', level: 'warning', message });
    return undefined;
  }
  const { supersede, signerAccount, identityToken } = summaries;
  const isOwn = signerAccount !== undefined || identityToken !== undefined;
  const signing = isOwn ? signingBy(summaries, options, registries) : ofImages;
  const announced = isOwn ? { ...signingFacts(options), key: undefined } : signingFacts(options);
  await announceOrRecord(signing, announced, { narrate, signal, refuse }, 'verification summaries');
  const manifests = new Map(projects.map(({ imagesFile, manifestFile }) => [imagesFile, manifestFile]));
  return {
    signing,
    supersede,
    version,
    time: clock.now(),
    committed: (file) => committedFile(facts(file)),
    manifestOf: (imagesFile) => manifests.get(imagesFile) ?? imagesFile,
  };
}

/** Returns signing with the identity for summaries, without any identity for images. */
function signingBy(
  { signerAccount, identityToken }: SummaryOptions,
  { signing, trust }: Pick<CipOptions, 'signing' | 'trust'>,
  registries: Given['registries'],
): Signing {
  const env = { ...registries.signing.env, SIGSTORE_ID_TOKEN: undefined };
  return signingOf(
    { ...signing, signerAccount, identityToken },
    { ...trust, key: undefined, tlogUpload: true },
    { signing: { ...registries.signing, env } },
  );
}
