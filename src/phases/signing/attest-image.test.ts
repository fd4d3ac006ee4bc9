import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem, requiring } from '../../../test/support/policies.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { candidate, numbered } from '../../../test/support/promotion/promoted.ts';
import { NO_POLICIES } from '../../policy/policies.ts';
import { attestImage, type AttestImageServices } from './attest-image.ts';
import { proofsOf, type Prove } from './attest-proofs.ts';
import type { AttestedImage, PlannedSignature } from '../images.ts';
import { countTraffic } from '../reading/traffic.ts';

const item = provenanceItem();
const PROVEN = {
  evidence: evidenceOf([item]),
  judgement: { mode: 'require', result: 'passed', level: 3, accepted: [item], violations: [] },
} as const;

type Given = {
  readonly lacks?: PlannedSignature['lacks'];
  readonly hasPolicy?: boolean;
  /** Of an image that was due. */
  readonly proven?: typeof PROVEN;
  readonly services?: Partial<AttestImageServices>;
  readonly prove?: Prove;
  readonly planned?: readonly PlannedSignature[];
};

type Done = { readonly image: AttestedImage; readonly calls: readonly string[]; readonly log: readonly string[] };

/** Attests one image, and tells what was done in which order. */
async function attesting(given: Given): Promise<Done> {
  const { lacks = ALL, hasPolicy = true, proven, planned: others = [] } = given;
  const calls: string[] = [];
  const { context, log } = testContext();
  const { wanted, ...rest } = candidate(1, { lacks });
  const policies = hasPolicy ? { ...NO_POLICIES, provenance: [requiring()] } : NO_POLICIES;
  const planned = { ...rest, wanted: { ...wanted, policies } };
  const note = <T>(name: string, result: T): Promise<T> => {
    calls.push(name);
    return Promise.resolve(result);
  };
  const services: AttestImageServices = {
    traffic: countTraffic(),
    carry: ({ judgement }) => note(`carry ${judgement.result}`, { carried: judgement.accepted.length, left: [] }),
    record: () => note('record', 'written'),
    summarize: ({ sources: [{ judgement }], listed }) =>
      note(`summarize ${judgement.result} ${judgement.level}, ${listed.size} listed`, 'written'),
    ...given.services,
  };
  const due = new Map(proven === undefined ? [] : [[planned.wanted, proven]]);
  const prove = given.prove ?? (() => note('prove', PROVEN));
  const known = { proofs: proofsOf(prove, [planned], due, context), planned: [planned, ...others] };
  const image = await attestImage(services, { planned, signature: 'written' }, known, context);
  return { image, calls, log };
}

const ALL = { signature: true, record: true, summary: true };
const NAME = `prod.test/app@${numbered(1)}`;

describe('src/phases/signing/attest-image.ts', () => {
  it('carries, records and summarizes a due image, in this order, without reading it again', async () => {
    const { image, calls, log } = await attesting({ proven: PROVEN });
    expect(calls).toEqual(['carry passed', 'record', 'summarize passed 3, 1 listed']);
    expect(image).toMatchObject({ carried: 1, record: 'written', summary: 'written' });
    expect(log).toEqual([
      `info Carrying 1 attestation to ${NAME}`,
      `info Promotion record attestation: pushing for ${NAME}`,
      `info Verification summary: pushing for ${NAME}`,
    ]);
  });

  it('proves an image that was not due if it lacks a record or summary', async () => {
    const { calls } = await attesting({});
    expect(calls[0]).toBe('prove');
    const summary = await attesting({ lacks: { signature: false, record: false, summary: true } });
    expect(summary.calls).toEqual(['prove', 'carry passed', 'summarize passed 3, 1 listed']);
  });

  it('sends no request without a policy, and records that nothing was evaluated', async () => {
    const { calls } = await attesting({ hasPolicy: false });
    expect(calls).toEqual(['carry off', 'record', 'summarize off unevaluated, 1 listed']);
  });

  it('does nothing for an image that lacks nothing', async () => {
    const { image, calls } = await attesting({ lacks: { signature: true, record: false, summary: false } });
    expect(calls).toEqual([]);
    expect(image).toMatchObject({ carried: 0, record: 'there', summary: 'there' });
  });

  it('records an image that staging no longer has, and reports that it has no summary', async () => {
    const { image, calls, log } = await attesting({ prove: () => Promise.resolve(undefined) });
    expect(calls).toEqual(['record']);
    expect(image).toMatchObject({ carried: 0, record: 'written', summary: 'unknown' });
    expect(log).toContain(`warning No verification summary for ${NAME}: staging no longer has it`);
  });

  it('writes no summary if none is wanted', async () => {
    const { image, calls } = await attesting({ lacks: { signature: true, record: true }, proven: PROVEN });
    expect(calls).toEqual(['carry passed', 'record']);
    expect(image).not.toHaveProperty('summary');
  });

  it('logs attestations that could not be carried, and stuck summaries', async () => {
    const { log } = await attesting({
      services: {
        carry: () => Promise.resolve({ carried: 0, left: ['staging.test/app@x has a non-empty config'] }),
        summarize: () => Promise.resolve('stuck'),
      },
    });
    expect(log).toContain(`warning Not carrying an attestation of ${NAME}: staging.test/app@x has a non-empty config`);
    expect(log.join('\n')).toMatch(/warning The verification summary .* is kept: .*--supersede-summaries/);
  });

  it('names the other digests of the repository that entries list', async () => {
    const elsewhere = { ...candidate(3), repository: 'b.test/other' };
    const { calls } = await attesting({ hasPolicy: false, planned: [candidate(2), elsewhere] });
    expect(calls.at(-1)).toBe('summarize off unevaluated, 2 listed');
  });
});
