import { attachedTo, type Attached } from '../../attest/attached/attached.ts';
import { judgeRecord, judgeSignature, type Expected } from '../../attest/checking/finding.ts';
import { readRecord } from '../../attest/formats/read-record.ts';
import { readSummary, VERIFICATION_SUMMARY } from '../../attest/formats/summary.ts';
import { identityText } from '../../attest/identity/same-identity.ts';
import { isRecordOf } from '../../attest/writing/record-digest.ts';
import type { LaterVerifier } from '../../attest/roles.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import {
  unknown,
  type Explanation,
  type Fact,
  type PromotionFact,
  type SummaryFact,
} from '../../plan/explained/facts.ts';

/** Reads and verifies the record, the signature and the summary of a digest in one repository. */
export async function readAttached(
  registry: RegistryReader,
  verifier: LaterVerifier,
  { repository, digest }: { readonly repository: RepositoryName; readonly digest: Digest },
  expected: Expected,
  call: Call,
): Promise<Pick<Explanation, 'promoted' | 'signed' | 'summary'>> {
  const attached = await attachedTo(registry, verifier, repository, digest, call);
  const { status, who, why } = judgeSignature(attached, expected);
  return {
    promoted: promotionOf(attached, expected, digest),
    signed:
      status === 'unverifiable'
        ? unknown(why ?? 'the signature cannot be verified')
        : { known: { status, signer: who && identityText(who), why } },
    summary: summaryOf(attached, expected, digest),
  };
}

function promotionOf(attached: readonly Attached[], expected: Expected, digest: Digest): Fact<PromotionFact> {
  const judged = judgeRecord(attached, expected, digest);
  if (judged.status === 'unsigned') return unknown(doubt(attached) ?? 'the image has no promotion record');
  if (judged.status !== 'verified') return unknown(`its promotion record is ${judged.status}: ${judged.why ?? ''}`);
  const good = attached.filter(
    (one) => isRecordOf(digest, one) && one.verdict.identity !== undefined && expected.isExpected(one.verdict.identity),
  );
  const records = good.flatMap(({ verdict: { statement, identity } }) => {
    const record = readRecord(statement?.predicate);
    return record === undefined || identity === undefined ? [] : [{ ...record, signer: identityText(identity) }];
  });
  // an image that is promoted again has several: the first one made it public
  const [first] = records.toSorted((one, other) => (one.time < other.time ? -1 : 1));
  return first === undefined ? unknown('its promotion record has no time') : { known: first };
}

/** Selects the newest summary of any signer, which may be another account than that of images. */
function summaryOf(attached: readonly Attached[], { isExpected }: Expected, digest: Digest): Fact<SummaryFact> {
  const all = attached.filter(({ verdict }) => verdict.predicateType === VERIFICATION_SUMMARY);
  const good = all.flatMap(({ verdict: { status, statement, identity } }) => {
    const summary = status === 'verified' ? readSummary(statement?.predicate, digest) : undefined;
    return summary === undefined || identity === undefined ? [] : [{ summary, identity }];
  });
  const [newest] = good.toSorted((one, other) => other.summary.time - one.summary.time);
  const [bad] = all;
  if (newest === undefined && bad !== undefined)
    return unknown(`its summary is not verified: ${bad.verdict.reason ?? bad.verdict.status}`);
  if (newest === undefined) return unknown(doubt(attached) ?? 'the image has no verification summary');
  const { result, levels, time } = newest.summary;
  const signer = { signer: identityText(newest.identity), isExpected: isExpected(newest.identity) };
  return { known: { result, levels, time: new Date(time).toISOString(), ...signer } };
}

/** Returns why an item may be anything. */
function doubt(attached: readonly Attached[]): string | undefined {
  const one = attached.find(
    ({ error, kind, verdict }) => error !== undefined || (kind === 'other' && verdict.status === 'unverifiable'),
  );
  return one?.error?.message ?? one?.verdict.reason;
}
