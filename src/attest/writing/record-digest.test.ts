import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import type { RegistryOptions } from '../../../test/support/registry/options.ts';
import { PREDICATE_TYPE } from '../formats/annotations.ts';
import { attachedTo, type Attached } from '../attached/attached.ts';
import { judgedOnce } from '../verifying/cached.ts';
import { PROMOTION_RECORD, type RecordFacts } from '../formats/record.ts';
import { recordDigest } from './record-digest.ts';
import { signDigest, type DigestSigning, type Done } from './sign-digest.ts';
import { statementBytes } from '../formats/statement.ts';

const REFERENCE = 'prod.test/app';

const facts = ({ subject }: SignedWorld): RecordFacts => ({
  source: 'staging.test/app',
  reference: REFERENCE,
  digest: subject.digest,
  tags: ['v1'],
  time: Date.UTC(2026, 0, 2),
  promoter: { version: 'v1.0.0' },
});

const record = (world: SignedWorld, services: DigestSigning = world.services): Promise<Done> =>
  recordDigest(services, { repository: world.repository, facts: facts(world) }, world.call);

const attached = (world: SignedWorld): Promise<readonly Attached[]> =>
  attachedTo(world.registry, world.services.verifier, world.repository, world.subject.digest, world.call);

/** Form, kind and signer of each, sorted. */
const told = (all: readonly Attached[]): string[] =>
  all
    .map(({ form, kind, verdict: { status, identity } }) => {
      const who = identity?.kind === 'keyless' ? identity.subject.replace('@example.com', '') : '';
      return `${form} ${kind} ${status} ${who}`.trim();
    })
    .toSorted();

const OURS = ['bundle record verified promoter', 'bundle signature verified promoter'];

/** Attaches a record with this predicate, signed by these. */
async function attachRecord(
  world: SignedWorld,
  by: DigestSigning,
  predicate: Readonly<Record<string, unknown>>,
): Promise<void> {
  const statement = statementBytes({
    digest: world.subject.digest,
    reference: REFERENCE,
    predicateType: PROMOTION_RECORD,
    predicate,
  });
  const bytes = await by.signer.signStatement(statement, world.call.signal);
  const bundle = { bytes, predicateType: PROMOTION_RECORD, identity: by.signer.identity };
  await by.publisher.bundle(world.repository, world.subject, bundle, world.call);
}

describe('src/attest/writing/record-digest.ts', () => {
  it.each([true, false])(
    'writes a record once, and our signature as a bundle (referrers API: %s)',
    async (referrers) => {
      const world = await signedWorld({ registry: { referrers }, format: 'legacy' });
      await signDigest(world.services, { ...facts(world), repository: world.repository }, world.call);
      expect(await record(world)).toBe('written');
      const there = await attached(world);
      expect(told(there)).toEqual([...OURS, 'sig signature verified promoter']);
      expect(there.find(({ kind }) => kind === 'record')).toMatchObject({
        references: [REFERENCE],
        verdict: { statement: { predicate: { srcRef: `staging.test/app@${world.subject.digest}`, tags: ['v1'] } } },
      });
      world.server.counters.reset();
      const { signed } = world.effects();
      expect(await record(world)).toBe('there');
      expect(world.effects()).toEqual({ writes: 0, signed });
    },
  );

  it('sends as few requests as possible', async () => {
    const world = await signedWorld({ format: 'bundle' });
    await signDigest(world.services, { ...facts(world), repository: world.repository }, world.call);
    world.server.counters.reset();
    const { rekor } = world.sigstore.counts();
    await record(world);
    // the list, our signature's manifest and layer, the subject; a blob and a PUT, as the empty config is there
    expect(world.asked()).toHaveLength(3 + 1 + 2 + 1);
    expect(world.sigstore.counts()).toMatchObject({ fulcio: 1, rekor: rekor + 1 });
    world.server.counters.reset();
    await record(world);
    // the list, and two bundles
    expect(world.asked()).toHaveLength(1 + 2 * 2);
  });

  it.each([true, false])('R15 records once for 22 regions with 3 tags each (referrers API: %s)', async (referrers) => {
    const world = await signedWorld({ registry: { referrers } });
    // verifying the same 66 times would be most of the test
    const services = { ...world.services, verifier: judgedOnce(world.services.verifier) };
    const done = await Promise.all(Array.from({ length: 66 }, () => record(world, services)));
    expect(done.filter((one) => one === 'written')).toHaveLength(1);
    expect(told(await attached(world))).toEqual(OURS);
    expect(world.sigstore.logged.rekor).toHaveLength(2);
  });

  it.each<[string, NonNullable<RegistryOptions['referrers']>]>([
    ['without annotations', 'bare'],
    ['with the type of their configs', 'config-type'],
    ['without saying so at a push', 'unannounced'],
  ])('R26 finds the record if referrers are listed %s', async (_how, referrers) => {
    const world = await signedWorld({ registry: { referrers } });
    await record(world);
    const { signed } = world.effects();
    world.server.counters.reset();
    expect(await record(world)).toBe('there');
    expect(world.effects()).toEqual({ writes: 0, signed });
    expect(told(await attached(world))).toEqual(OURS);
  });

  it.each([403, 500])('R26 does not treat a list with the response %s as empty', async (status) => {
    const world = await signedWorld({
      registry: { fault: ({ path }) => (path.includes('/referrers/') ? { status } : undefined) },
    });
    await expect(record(world)).rejects.toMatchObject({ name: 'PromotionError' });
    expect(world.effects()).toEqual({ writes: 0, signed: 0 });
  });

  it('R26 writes a record beside a listed but missing one', async () => {
    const world = await signedWorld({ registry: { referrers: false } });
    await record(world);
    const old = (await attached(world)).find(({ kind }) => kind === 'record');
    world.server.store.remove('app', 'manifest', old?.manifest ?? '');
    expect(await record(world)).toBe('written');
    expect(told(await attached(world))).toEqual(OURS);
  });

  it('writes a record beside one of another signer, which stays', async () => {
    const world = await signedWorld();
    const stranger = await world.stranger();
    await record(world, stranger);
    expect(await record(world)).toBe('written');
    const theirs = OURS.map((line) => line.replace('promoter', 'stranger'));
    expect(told(await attached(world))).toEqual([...OURS, ...theirs].toSorted());
  });

  it('does not count a record of ours about another digest', async () => {
    const world = await signedWorld();
    await attachRecord(world, world.services, { digest: `sha256:${'2'.repeat(64)}` });
    expect(await record(world)).toBe('written');
    expect(told(await attached(world))).toEqual(['bundle record verified promoter', ...OURS]);
  });

  it('counts a record of another version of the program', async () => {
    const world = await signedWorld();
    await attachRecord(world, world.services, {
      digest: world.subject.digest,
      dstRef: 'us.test/app',
      more: { to: 'come' },
    });
    expect(await record(world)).toBe('there');
  });

  it('does not read attestations that the list shows with another type', async () => {
    const world = await signedWorld();
    await record(world);
    const bundle = {
      bytes: Buffer.from('{}'),
      predicateType: 'https://slsa.dev/provenance/v1',
      identity: world.services.signer.identity,
    };
    await world.services.publisher.bundle(world.repository, world.subject, bundle, world.call);
    world.server.counters.reset();
    await record(world);
    expect(world.asked()).toHaveLength(1 + 2 * 2);
    expect(
      (await world.registry.listReferrers(world.repository, world.subject.digest, world.call)).map(
        ({ annotations }) => annotations?.[PREDICATE_TYPE],
      ),
    ).toContain('https://slsa.dev/provenance/v1');
  });
});
