import { openSigning, type Signing } from '../../attest/signing/open.ts';
import type { SetupServices } from '../../phases/setup.ts';
import type { CipOptions } from '../options/cip.ts';
import type { CommandServices } from '../command.ts';
import { committedFile, type SummaryWriting } from './attestations.ts';
import { manifestFacts } from './manifest-facts.ts';
import { loadRequest } from './manifests.ts';
import type { Registries } from './registries.ts';
import { announceOrRefuse, type Refuse } from './signing.ts';

/** Verification summaries as a run writes them. */
export type Summaries = SummaryWriting & { readonly signing: Signing };

type Given = {
  /** Who signs the images. */
  readonly signing: Signing;
  readonly registries: Pick<Registries, 'signing'>;
  readonly load: SetupServices['load'];
  readonly version: string;
  readonly refuse: Refuse;
};

/**
 * Summaries as the flags want them, and says who will sign them; undefined where none are written. A summary names the commit
 * of its policy: where the manifests are at none, the run says that there are no summaries.
 */
export async function summariesOf(
  options: CipOptions,
  services: CommandServices,
  { signing: ofImages, registries, load, version, refuse }: Given,
): Promise<Summaries | undefined> {
  if (options.summaries === undefined) return undefined;
  const { env, clock, signal, narrate } = services;
  const facts = await manifestFacts(loadRequest(options), { env, clock, signal });
  const { projects } = await load();
  if (projects.some(({ manifestFile }) => committedFile(facts(manifestFile)) === undefined)) {
    const message = 'No verification summaries: the manifests are not at a commit of a repository with a known address';
    narrate({ type: 'log', level: 'warning', message });
    return undefined;
  }
  const { supersede, ...own } = options.summaries;
  const isOwn = own.signerAccount !== undefined || own.identityToken !== undefined;
  const signing = isOwn ? signingBy(own, options, registries) : ofImages;
  const flags = isOwn ? { ...withoutIdentity(options.signing), ...own } : options.signing;
  const asked = { ...options, signing: flags };
  await announceOrRefuse(signing, asked, { narrate, signal, refuse }, 'verification summaries');
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

/** The same services in another name; what identifies who signs images does not count. */
function signingBy(
  own: Pick<NonNullable<CipOptions['summaries']>, 'signerAccount' | 'identityToken'>,
  { signing }: CipOptions,
  registries: Given['registries'],
): Signing {
  const env = { ...registries.signing.env, SIGSTORE_ID_TOKEN: undefined };
  return openSigning({ ...registries.signing, ...withoutIdentity(signing), ...own, env, tlogUpload: true });
}

function withoutIdentity(
  signing: CipOptions['signing'],
): Omit<CipOptions['signing'], 'key' | 'identityToken' | 'signerAccount'> {
  const identity = ['key', 'identityToken', 'signerAccount'];
  const others = Object.entries(signing).filter(([name]) => !identity.includes(name));
  return Object.fromEntries(others) as Omit<CipOptions['signing'], 'key' | 'identityToken' | 'signerAccount'>;
}
