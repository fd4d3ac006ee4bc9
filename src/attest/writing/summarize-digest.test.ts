import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import { signingIn } from '../../../test/support/signing.ts';
import { attachedTo, type Attached } from '../attached/attached.ts';
import { listedBy } from '../formats/annotations.ts';
import { signDigest } from './sign-digest.ts';
import { statementBytes } from '../formats/statement.ts';
import { summarizeDigest, type Summarized, type SummarySigning } from './summarize-digest.ts';
import { summaryPredicate, VERIFICATION_SUMMARY, type SummaryFacts, type SummaryOutcome } from '../formats/summary.ts';

const SUMMARIES = 'summaries@example.com';
const PASSED: SummaryOutcome = { result: 'PASSED', level: 3 };
const FAILED: SummaryOutcome = { result: 'FAILED' };
const UNEVALUATED: SummaryOutcome = { result: 'PASSED', level: 'unevaluated' };

type Given = { readonly outcome?: SummaryOutcome; readonly supersede?: boolean; readonly day?: number };

type World = SignedWorld & {
  readonly signing2: SummarySigning;
  summarize(given?: Given): Promise<Summarized>;
  attached(): Promise<readonly Attached[]>;
};

async function world(options: Parameters<typeof signedWorld>[0] = {}): Promise<World> {
  const signed = await signedWorld(options);
  const env = { SIGSTORE_ID_TOKEN: signed.sigstore.token({ email: SUMMARIES }) };
  const summarySigner = await (await signingIn(signed, { env })).signer(signed.call.signal);
  const { repository, subject, services, call, registry } = signed;
  const signing2 = { ...services, summarySigner, supersede: false };
  return {
    ...signed,
    signing2,
    summarize: ({ outcome = PASSED, supersede = false, day = 1 } = {}) =>
      summarizeDigest({ ...signing2, supersede }, { repository, subject, facts: factsOf(signed, outcome, day) }, call),
    attached: () => attachedTo(registry, services.verifier, repository, subject.digest, call),
  };
}

const factsOf = ({ subject }: SignedWorld, outcome: SummaryOutcome, day: number): SummaryFacts => ({
  reference: 'prod.test/app',
  digest: subject.digest,
  version: 'v1.0.0',
  time: Date.UTC(2026, 0, day),
  policies: [{ name: 'manifests/a/promoter-manifest.yaml', uri: 'git+https://git.test/a', gitCommit: 'a'.repeat(40) }],
  inputs: [],
  outcome,
});

/** The levels of each summary, oldest first, and who signed. */
const told = (all: readonly Attached[]): readonly string[] =>
  all
    .filter(({ verdict }) => verdict.predicateType === VERIFICATION_SUMMARY)
    .map(({ verdict: { status, identity, statement } }) => {
      const { timeVerified, verifiedLevels } = (statement?.predicate ?? {}) as Record<string, unknown>;
      const who = identity?.kind === 'keyless' ? identity.subject : '';
      return `${String(timeVerified).slice(0, 10)} ${(verifiedLevels as string[])[0]} ${status} ${who}`;
    })
    .toSorted();

describe('src/attest/writing/summarize-digest.ts', () => {
  it('writes one summary under its own signer, and before it our signature as a bundle', async () => {
    const given = await world({ format: 'legacy' });
    const { repository, subject, services, call } = given;
    await signDigest(services, { repository, digest: subject.digest, reference: 'prod.test/app' }, call);
    expect(await given.summarize()).toBe('written');
    expect(told(await given.attached())).toEqual([`2026-01-01 SLSA_BUILD_LEVEL_3 verified ${SUMMARIES}`]);
    expect((await given.attached()).map(({ form, kind }) => `${form} ${kind}`).toSorted()).toEqual([
      'bundle attestation',
      'bundle signature',
      'sig signature',
    ]);
    const { signed } = given.effects();
    given.server.counters.reset();
    expect(await given.summarize({ day: 2 })).toBe('there');
    expect(given.effects()).toEqual({ writes: 0, signed });
  });

  it('keeps the first conclusive summary, whatever later runs find', async () => {
    const given = await world();
    await given.summarize();
    expect(await given.summarize({ outcome: FAILED, supersede: true, day: 2 })).toBe('there');
    expect(told(await given.attached())).toHaveLength(1);
  });

  it.each([
    ['FAILED', FAILED],
    ['UNEVALUATED', UNEVALUATED],
  ])('R23 returns stuck for %s, and supersedes it by a newer one if configured', async (_, poor) => {
    const given = await world();
    expect(await given.summarize({ outcome: poor })).toBe('written');
    expect(await given.summarize({ outcome: poor, supersede: true, day: 2 })).toBe('there');
    expect(await given.summarize({ day: 3 })).toBe('stuck');
    expect(told(await given.attached())).toHaveLength(1);
    expect(await given.summarize({ supersede: true, day: 3 })).toBe('written');
    expect(told(await given.attached())).toEqual([
      expect.stringContaining('2026-01-01'),
      `2026-01-03 SLSA_BUILD_LEVEL_3 verified ${SUMMARIES}`,
    ]);
    expect(await given.summarize({ day: 4 })).toBe('there');
  });

  it('does not supersede a summary with an older one', async () => {
    const given = await world();
    await given.summarize({ outcome: FAILED, day: 3 });
    expect(await given.summarize({ supersede: true, day: 3 })).toBe('stuck');
  });

  it('does not count those of other signers or verifiers', async () => {
    const given = await world();
    const { signing2, repository, subject, call } = given;
    const others = { ...signing2, summarySigner: (await given.stranger()).signer };
    await summarizeDigest(others, { repository, subject, facts: factsOf(given, PASSED, 1) }, call);
    const predicate = { ...summaryPredicate(factsOf(given, PASSED, 1)), verifier: { id: 'https://others.test' } };
    const { digest } = subject;
    const statement = statementBytes({ digest, reference: 'x', predicateType: VERIFICATION_SUMMARY, predicate });
    const { identity } = signing2.summarySigner;
    const bytes = await signing2.summarySigner.signStatement(statement, call.signal);
    await signing2.publisher.bundle(
      repository,
      subject,
      { bytes, predicateType: VERIFICATION_SUMMARY, identity },
      call,
    );
    expect(await given.summarize()).toBe('written');
    expect(told(await given.attached())).toHaveLength(3);
  });

  it('throws if an unreadable summary may be ours', async () => {
    let isBroken = false;
    const given = await world({
      registry: {
        fault: ({ path, method }) =>
          isBroken && method === 'GET' && path.includes('/blobs/') ? { status: 500 } : undefined,
      },
    });
    await given.summarize();
    isBroken = true;
    await expect(given.summarize()).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
  });

  it('lists the summary with its signer', async () => {
    const given = await world();
    await given.summarize();
    const { registry, repository, subject, call, signing2 } = given;
    const referrers = await registry.listReferrers(repository, subject.digest, call);
    expect(listedBy(signing2.summarySigner.identity, referrers)).toEqual(new Set([VERIFICATION_SUMMARY]));
  });
});
