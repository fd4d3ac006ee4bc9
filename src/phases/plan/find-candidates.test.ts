import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { digestOfLabel, imageOf } from '../../../test/support/promotion/plan-cases.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { buildAttachment } from '../../../test/support/registry/attachments.ts';
import { storeImage } from '../../../test/support/registry/images.ts';
import { PREDICATE_TYPE, SIGNED_BY, signedBy } from '../../attest/formats/annotations.ts';
import { PROMOTION_RECORD } from '../../attest/formats/record.ts';
import type { Identity } from '../../attest/roles.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import { PromotionError } from '../../errors.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { Digest } from '../../image/digest.ts';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { sourceReader } from '../../registry/source.ts';
import { plan, type Plan } from '../plan.ts';
import { setup } from '../setup.ts';
import type { CandidateServices } from './candidate-services.ts';
import { countTraffic } from '../reading/traffic.ts';

const US: Identity = { kind: 'keyless', issuer: 'https://issuer.test', subject: 'us@issuer.test' };
const THEM: Identity = { ...US, subject: 'them@issuer.test' };
const A = digestOfLabel('A') as Digest;
const SIG = cosignTag(A, 'sig');

type Given = {
  readonly services?: Partial<CandidateServices>;
  /** When manifests were uploaded. */
  readonly uploadedAt?: number;
  readonly tags?: readonly string[];
  /** What is attached to A on the primary: the predicate type and who signed. */
  readonly attached?: readonly (readonly [type: string, by: Identity])[];
  readonly mirrorHas?: boolean;
  readonly sign?: false;
  readonly failReferrers?: PromotionError;
};

type Planned = { readonly plan: Plan; readonly calls: readonly string[]; readonly log: readonly string[] };

/** Plans A with v1 on the primary b.test, which has it, and on the mirror c.test; entries and uploads since 100 are young. */
async function planned(given: Given): Promise<Planned> {
  const calls: string[] = [];
  const { uploadedAt = 100, tags = ['v1'], attached = [], mirrorHas = true, failReferrers } = given;
  const registry = memoryRegistry({
    now: () => uploadedAt,
    before: ({ operation, repository, reference }) => {
      calls.push(`${operation} ${repository} ${reference}`.trim());
      if (operation === 'listReferrers' && failReferrers !== undefined) throw failReferrers;
    },
  });
  for (const host of mirrorHas ? ['a.test', 'b.test', 'c.test'] : ['a.test', 'b.test'])
    storeImage(registry.store(host), 'app', imageOf('A'), host === 'b.test' ? tags : ['v1']);
  const subject = imageOf('A').manifest.descriptor;
  for (const [index, [type, by]] of attached.entries()) {
    const annotations = { [PREDICATE_TYPE]: type, [SIGNED_BY]: signedBy(by) };
    const { manifest, blobs } = buildAttachment({ seed: index, subject, annotations });
    const store = registry.store('b.test');
    for (const { descriptor } of blobs) store.putBlob('app', descriptor.digest, { size: descriptor.size });
    store.putManifest('app', manifest.descriptor.digest, manifest.descriptor.mediaType, manifest.bytes);
  }
  const traffic = countTraffic();
  const { context, log } = testContext();
  const project = { name: 'p', from: 'a.test', to: ['b.test', 'c.test'], entries: [['app', A, 'v1']] as const };
  const loaded = await setup({ load: () => Promise.resolve(loadedTree([project])) }).run({}, context);
  const candidates: CandidateServices = {
    rules: { since: 100 },
    young: () => Promise.resolve(new Set()),
    identity: () => Promise.resolve(US),
    wantsTag: () => true,
    rate: 50,
    ...given.services,
  };
  const services = { registry, source: sourceReader(registry, traffic.of), traffic };
  const phase = plan({ ...services, ...(given.sign !== false && { candidates }) });
  return { plan: await phase.run({ loaded }, context), calls, log };
}

const BOTH = [
  [SIGNATURE, US],
  [PROMOTION_RECORD, US],
] as const;
const LISTINGS = ['listRepository b.test/app', 'listRepository c.test/app'];

describe('src/phases/plan/find-candidates.ts', () => {
  it('sends no request when nothing is due or recent, and requests no identity', async () => {
    const identity = (): never => expect.unreachable('nobody signs');
    const { plan: found, calls } = await planned({ uploadedAt: 99, services: { identity } });
    expect(calls).toEqual(LISTINGS);
    expect(found.signing).toMatchObject({ images: [], complete: 0, older: 1, undated: 0 });
  });

  it('sends no request when nothing is to be signed', async () => {
    const { plan: found, calls } = await planned({ sign: false });
    expect(calls).toEqual(LISTINGS);
    expect(found.signing).toBeUndefined();
  });

  it('finds with one request that a recent digest lacks nothing', async () => {
    const { plan: found, calls } = await planned({ tags: ['v1', SIG], attached: BOTH });
    expect(calls).toEqual([...LISTINGS, `listReferrers b.test/app ${A}`]);
    expect(found.signing).toMatchObject({ images: [], complete: 1, older: 0, undated: 0 });
  });

  it.each([
    ['nothing', ['v1', SIG], [], { signature: true, record: true }],
    ['no record', ['v1', SIG], [[SIGNATURE, US]], { signature: false, record: true }],
    ['no .sig tag', ['v1'], BOTH, { signature: true, record: false }],
    ['only a record', ['v1', SIG], [[PROMOTION_RECORD, US]], { signature: true, record: false }],
    [
      'what others signed',
      ['v1', SIG],
      [
        [SIGNATURE, THEM],
        [PROMOTION_RECORD, THEM],
      ],
      { signature: true, record: true },
    ],
  ] as const)('finds a young digest with %s', async (_, tags, attached, lacks) => {
    const { plan: found } = await planned({ tags, attached });
    expect(found.signing?.images.map(({ why, lacks: lacking }) => [why, lacking])).toEqual([['entered', lacks]]);
  });

  it('assumes without a request that a due image lacks everything', async () => {
    const { plan: found, calls } = await planned({ mirrorHas: false, tags: ['v1', SIG], attached: BOTH });
    expect(found.signing?.images.map(({ why, lacks }) => [why, lacks])).toEqual([
      ['due', { signature: true, record: true }],
    ]);
    expect(calls.filter((call) => call.startsWith('listReferrers'))).toEqual([]);
  });

  it('logs that candidates are skipped without an identity', async () => {
    const { plan: found, log } = await planned({ services: { identity: () => Promise.resolve(undefined) } });
    expect(found.signing).toMatchObject({ images: [], complete: 0, older: 0, undated: 0 });
    expect(log).toContain('info 1 digest not looked at for missing signatures: this run has no identity to sign with');
  });

  it('continues with due images, and fails, if the identity is unavailable', async () => {
    const identity = (): Promise<never> =>
      Promise.reject(new PromotionError('IDENTITY', 'it is over', { hint: 'get one' }));
    const { plan: found } = await planned({ services: { identity } });
    expect(found.failures).toEqual([{ phase: 'plan', code: 'IDENTITY', message: 'it is over', hint: 'get one' }]);
  });

  it('fails for a list that cannot be read', async () => {
    const failReferrers = new PromotionError('REGISTRY_ERROR', 'listing referrers: 503');
    const { plan: found } = await planned({ failReferrers });
    expect(found.failures.map(({ code, refs }) => [code, refs])).toEqual([['REGISTRY_ERROR', ['b.test/app']]]);
    expect(found.signing?.images).toEqual([]);
  });

  it('checks all digests without Git with --repair-since=all', async () => {
    const young = (): never => expect.unreachable('everything is young');
    const { plan: found } = await planned({ services: { rules: { since: 'all' }, young }, uploadedAt: 1 });
    expect(found.signing?.images.map(({ why }) => why)).toEqual(['entered']);
  });

  it('logs how many digests are of unknown age, and why', async () => {
    const young: CandidateServices['young'] = (_, unknown) => {
      unknown('the clone does not go back far enough');
      return Promise.resolve(undefined);
    };
    const { plan: found, log } = await planned({ uploadedAt: 0, services: { young } });
    expect(found.signing?.undated).toBe(1);
    expect(log).toContain('info Git does not tell how old entries are: the clone does not go back far enough');
    expect(log.join('\n')).toContain('only what this run copies or tags is signed');
  });
});
