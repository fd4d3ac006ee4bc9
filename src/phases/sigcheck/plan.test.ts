import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import { PromotionError } from '../../errors.ts';
import { parseRef } from '../../image/asked-ref.ts';
import { memoryRegistry, type MemoryOptions } from '../../../test/support/memory-registry/memory.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { planSigcheck, type SigcheckPlan } from './plan.ts';
import type { PlanSigcheckServices } from './plan-services.ts';
import { countTraffic } from '../reading/traffic.ts';

const images = [1, 2, 3].map((seed) => buildImage({ seed }));
const [one = '', two = '', three = ''] = images.map(({ manifest }) => manifest.descriptor.digest);

type Given = Omit<Partial<PlanSigcheckServices>, 'refs'> & {
  readonly refs?: readonly string[];
  /** Instead of what the tree wants. */
  readonly sets?: readonly ImageSet[];
};
type Planned = { readonly plan: SigcheckPlan; readonly log: readonly string[]; readonly asked: readonly string[] };

/** A tree of two images, of which each was uploaded at the time that is its number. */
async function planned(
  given: Given = {},
  options: MemoryOptions = {},
  { hidden = false }: { readonly hidden?: boolean } = {},
): Promise<Planned> {
  let time = 0;
  const asked: string[] = [];
  const registry = memoryRegistry({
    now: () => time,
    before: ({ operation, repository, reference }) => void asked.push(`${operation} ${repository} ${reference}`.trim()),
    ...options,
  });
  for (const image of images) {
    time += 1;
    storeImage(registry.store('a.test'), 'prod/app', image, [`v${time}`]);
  }
  const { projects } = loadedTree([
    {
      name: 'p',
      from: 'src.test/s',
      to: ['a.test/prod', 'b.test/prod'],
      entries: [
        ['app', one, 'v1'],
        ['app', two],
      ],
    },
  ]);
  const { context, log } = testContext();
  const nothing = { kind: 'digests', manifests: new Map() } as const;
  const phase = planSigcheck({
    registry: hidden ? { ...registry, listRepository: async () => nothing } : registry,
    traffic: countTraffic(),
    rules: {},
    window: { from: 1, to: 2 },
    isSigned: ({ tags }) => tags.length > 0,
    ...given,
    refs: (given.refs ?? []).map((text) => parseRef(text) ?? { repository: 'none' }),
  });
  const plan = await phase.run({ loaded: { sets: given.sets ?? wantedBy(projects), failures: [] } }, context);
  return { plan, log, asked };
}

const digests = ({ plan }: Planned): readonly string[] => plan.checks.map(({ digest }) => digest);

describe('src/phases/sigcheck/plan.ts', () => {
  it('selects digests uploaded in the window, with one listing of each primary', async () => {
    const done = await planned();
    expect(digests(done)).toEqual([one, two]);
    expect(done.asked).toEqual(['listRepository a.test/prod/app']);
    expect(digests(await planned({ window: { from: 2, to: 9 } }))).toEqual([two]);
    expect(digests(await planned({ window: { from: 3, to: 9 } }))).toEqual([]);
  });

  it('selects digests with a later upload time than our clock, unless the window has an end', async () => {
    const done = await planned({ window: { from: 1 } });
    expect(digests(done)).toEqual([one, two]);
    expect(done.log).toContain('info Checking 2 digests uploaded since 1970-01-01T00:00Z');
    expect(digests(await planned({ window: { from: 1, to: 1 } }))).toEqual([one]);
  });

  it('selects and logs all digests if listings have no dates', async () => {
    const done = await planned({ window: { from: 8, to: 9 } }, { listing: () => 'tags' });
    expect(digests(done)).toEqual([one, two]);
    expect(done.log.filter((line) => line.startsWith('info'))).toEqual([
      'info Checking 2 digests',
      'info 2 digests checked whatever their age: their registries do not tell when they were uploaded',
    ]);
  });

  it('selects a digest that the primary holds and its list omits', async () => {
    const done = await planned({}, { listing: () => 'digests' }, { hidden: true });
    expect(digests(done)).toEqual([one, two]);
    expect(done.asked.filter((request) => request.startsWith('resolveManifest'))).toHaveLength(2);
  });

  it('wants no signature without a tag, and no record of older digests', async () => {
    const { plan } = await planned({ recordsSince: 2 });
    expect(plan.checks.map(({ wants }) => wants)).toEqual([
      { signature: true, record: false },
      { signature: false, record: true },
    ]);
  });

  it('selects references whatever their age, without a listing', async () => {
    const done = await planned({ refs: ['b.test/prod/app:v1', `a.test/prod/app@${one}`], window: { from: 8, to: 9 } });
    expect(digests(done)).toEqual([one]);
    expect(done.plan.checks[0]?.mirrors).toEqual(['b.test/prod/app']);
    expect([done.plan.isAsked, done.asked]).toEqual([true, []]);
  });

  it('resolves an unknown tag on the primary', async () => {
    const done = await planned({ refs: ['b.test/prod/app:v3'] });
    expect(done.asked).toEqual(['resolveManifest a.test/prod/app v3']);
    expect(done.plan.checks).toMatchObject([
      { digest: three, tags: ['v3'], mirrors: ['b.test/prod/app'], wants: { signature: true, record: true } },
    ]);
    expect(done.plan.checks[0]).not.toHaveProperty('wanted');
  });

  it('wants no record of a digest outside of the tree: it may be a platform', async () => {
    const { plan } = await planned({ refs: [`a.test/prod/app@${three}`] });
    expect(plan.checks).toMatchObject([{ digest: three, tags: [], wants: { signature: true, record: false } }]);
    const elsewhere = await planned({ refs: [`a.test/prod/app@${three}`], sets: [] });
    expect(elsewhere.plan.checks).toMatchObject([{ mirrors: [], wants: { signature: true, record: true } }]);
  });

  it('fails for an unknown reference, and continues', async () => {
    const { plan, log } = await planned({ refs: ['a.test/prod/app:v9', 'a.test/prod/other', 'a.test/prod/app:v1'] });
    expect(plan.checks).toHaveLength(1);
    expect(plan.failures.map(({ code, message }) => [code, message])).toEqual([
      ['NOT_FOUND', 'looking up a.test/prod/app:v9: no manifest and no registry knows it'],
      ['NOT_FOUND', 'looking up a.test/prod/other: no manifest names an image of that repository'],
    ]);
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(2);
  });

  it('omits digests beyond the limit, and those of an unreadable primary', async () => {
    const { plan } = await planned({ limit: 1 });
    expect([plan.checks.length, plan.beyond]).toEqual([1, 1]);
    const before = (): never => {
      throw new PromotionError('DENIED', 'not for you');
    };
    const denied = await planned({}, { before });
    expect(denied.plan.checks).toEqual([]);
    expect(denied.plan.failures).toMatchObject([{ code: 'DENIED', refs: ['a.test/prod/app'] }]);
  });

  it('omits images that their primary does not hold', async () => {
    const { plan, log } = await planned({
      rules: { primary: { text: 'b', matches: (name) => name.startsWith('b.') } },
    });
    expect([plan.checks, plan.failures]).toEqual([[], []]);
    expect(log).toContain('info 2 digests not on the primary registry yet: `kpromo cip` promotes them');
  });
});
