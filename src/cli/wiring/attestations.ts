import { acceptedOf, askingFor, verifiedBy } from '../../attest/evidence/accepted.ts';
import { carryAttestations } from '../../attest/writing/carry.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { ManifestFact } from '../../attest/formats/record.ts';
import { summarizeImage } from '../../attest/writing/summarize-image.ts';
import type { CommittedFile, SummaryFacts } from '../../attest/formats/summary.ts';
import type { SummarizeRequest, VouchRequest, VouchServices } from '../../phases/signing/services.ts';
import type { DigestOpener } from './image-signing.ts';
import { addAll } from '../../lists.ts';
import type { Digest } from '../../image/digest.ts';

type ImageVouchingOptions = {
  readonly opener: Pick<DigestOpener, 'open'>;
  readonly carrySboms: boolean;
  /** If verification summaries are written: their signer and policy. */
  readonly summaries?: SummaryWriting | undefined;
};

export type SummaryWriting = {
  /** The signer of summaries. */
  readonly signing: Pick<Signing, 'signer'>;
  readonly supersede: boolean;
  /** With its leading `v`. */
  readonly version: string;
  /** Unix milliseconds, the same for all of a run. */
  readonly time: number;
  /** Returns the Git commit of a file; undefined if it is not in a commit of a repository. */
  readonly committed: (file: string) => CommittedFile | undefined;
  /** Returns the manifest with the registries of the project that owns an image list. */
  readonly manifestOf: (imagesFile: string) => string;
};

/** Creates the services that carry attestations and write summaries in registries. */
export function imageVouching({ opener, carrySboms, summaries }: ImageVouchingOptions): VouchServices {
  const carry: VouchServices['carry'] = async (request, call) => {
    const { repository, reference, evidence, judgement } = request;
    const left: string[] = [];
    let carried = 0;
    for (const { digest, items } of acceptedOf(evidence, judgement, carrySboms)) {
      const services = await opener.open(request, call.signal);
      const target = { staging: evidence.repository, repository, reference, digest, items };
      const done = await carryAttestations(services, target, call);
      carried += done.carried;
      addAll(left, done.left);
    }
    return { carried, left };
  };
  if (summaries === undefined) return { carry };
  const summarize: VouchServices['summarize'] = async (request, call) => {
    const services = {
      ...(await opener.open(request, call.signal)),
      summarySigner: await summaries.signing.signer(call.signal),
      supersede: summaries.supersede,
    };
    const { repository, digest, listed } = request;
    return summarizeImage(services, { repository, digest, listed, factsOf: factsOf(summaries, request) }, call);
  };
  return { carry, summarize };
}

/** Returns the content of a summary of an image or one of its platforms. */
function factsOf(writing: SummaryWriting, request: SummarizeRequest): (digest: Digest) => SummaryFacts {
  const { version, time } = writing;
  const { reference, sources, holders } = request;
  return (digest) => {
    const asking = askingFor(sources, digest === request.digest ? [] : holders(digest));
    const policies = policiesIn(writing, asking);
    return { reference, digest, version, time, policies, ...verifiedBy(digest, asking) };
  };
}

/** Returns the policy files that apply to these images; for an image without policies, the manifest of its project. */
function policiesIn(
  { committed, manifestOf }: SummaryWriting,
  requests: readonly VouchRequest[],
): SummaryFacts['policies'] {
  const asking = requests.flatMap(({ policies }) => policies.provenance.map(({ at }) => at.file));
  const named = asking.length === 0 ? requests.map(({ wanted }) => manifestOf(wanted.at.file)) : [...new Set(asking)];
  const [first, ...others] = named.flatMap((file) => committed(file) ?? []);
  if (first === undefined) throw new Error(`${named.join(', ')} is at no commit`);
  return [first, ...others];
}

/** Returns a file with its commit; undefined if the commit or the repository is unknown. */
export function committedFile({ name, uri, gitCommit }: ManifestFact): CommittedFile | undefined {
  return uri === undefined || gitCommit === undefined ? undefined : { name, uri, gitCommit };
}
