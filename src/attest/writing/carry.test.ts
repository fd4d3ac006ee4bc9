import { describe, expect, it } from 'vitest';
import { digestSigning, signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import { signingIn } from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import type { EvidenceItem } from '../../policy/provenance.ts';
import { attacher, EMPTY_CONFIG } from '../../registry/attaching/attacher.ts';
import { attachedTo, type Attached } from '../attached/attached.ts';
import { carryAttestations, type Carried, type CarryTarget } from './carry.ts';
import { BUNDLE_TYPE, bundleAttachment } from '../attached/publish.ts';
import { PREDICATE_TYPE, SIGNED_BY, signedBy } from '../formats/annotations.ts';
import { PROMOTION_RECORD } from '../formats/record.ts';
import { statementBytes } from '../formats/statement.ts';
import { VERIFICATION_SUMMARY } from '../formats/summary.ts';
import { storeImage, buildImage } from '../../../test/support/registry/images.ts';
import type { DigestSigning } from './sign-digest.ts';

const PROVENANCE = 'https://slsa.dev/provenance/v1';

/** Changes to the manifest of an attestation in staging, after it was made. */
type Change = (document: Record<string, unknown>) => Record<string, unknown>;

type World = SignedWorld & {
  readonly staging: string;
  /** Attaches an attestation in staging, and tells of it as it was accepted. */
  attest(predicateType?: string, change?: Change): Promise<EvidenceItem>;
  carry(items: readonly EvidenceItem[], given?: Partial<CarryTarget>): Promise<Carried>;
  attached(): Promise<readonly Attached[]>;
};

async function world(options: Parameters<typeof signedWorld>[0] = {}): Promise<World> {
  const signed = await signedWorld(options);
  const { repository, subject, services, call, registry, host, server } = signed;
  storeImage(server.store, 'staging', buildImage({ seed: 1 }));
  const staging = `${host}/staging`;
  const builder = await builderOf(signed);
  const attach = attacher(registry, services.lock);
  return {
    ...signed,
    staging,
    attest: async (predicateType = PROVENANCE, change) => {
      const about = { digest: subject.digest, reference: staging, predicateType, predicate: {} };
      const bytes = await builder.signer.signStatement(statementBytes(about), call.signal);
      const made = bundleAttachment(subject, { bytes, predicateType, identity: builder.signer.identity }, 0);
      const changed = change === undefined ? made : rewritten(made, change);
      await attach.attach(staging, changed, call);
      const { identity: signer } = builder.signer;
      return { ...itemOf(changed.manifest.descriptor.digest, digestOf(bytes), predicateType), signer };
    },
    carry: (items, given) =>
      carryAttestations(
        services,
        { staging, repository, digest: subject.digest, reference: 'prod.test/app', items, ...given },
        call,
      ),
    attached: () => attachedTo(registry, services.verifier, repository, subject.digest, call),
  };
}

async function builderOf(signed: SignedWorld): Promise<DigestSigning> {
  const env = { SIGSTORE_ID_TOKEN: signed.sigstore.token({ email: 'builder@example.com' }) };
  return digestSigning(signed.registry, await signingIn(signed, { env }));
}

function rewritten(made: ReturnType<typeof bundleAttachment>, change: Change): ReturnType<typeof bundleAttachment> {
  const bytes = Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(made.manifest.bytes).toString()))));
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.length };
  return { ...made, manifest: { bytes, descriptor }, referrer: { ...made.referrer, ...descriptor } };
}

function itemOf(manifest: string, content: Digest, predicateType: string): EvidenceItem {
  return { kind: 'provenance', form: 'bundle', predicateType, status: 'verified', sources: [], manifest, content };
}

const told = (all: readonly Attached[]): readonly string[] =>
  all
    .map(({ form, verdict: { predicateType, identity, status } }) => {
      const who = identity?.kind === 'keyless' ? identity.subject : '';
      return `${form} ${predicateType} ${status} ${who}`;
    })
    .toSorted();

const OURS = 'bundle https://sigstore.dev/cosign/sign/v1 verified promoter@example.com';

describe('src/attest/writing/carry.ts', () => {
  it.each([true, false])(
    'carries accepted bundles unchanged, once, with our signature as a bundle (referrers API: %s)',
    async (referrers) => {
      const given = await world({ registry: { referrers } });
      const item = await given.attest();
      expect(await given.carry([item])).toEqual({ carried: 1, left: [] });
      const there = await given.attached();
      expect(told(there)).toEqual([OURS, `bundle ${PROVENANCE} verified builder@example.com`].toSorted());
      expect(there.map(({ manifest }) => manifest)).toContain(item.manifest);
      const { signed } = given.effects();
      given.server.counters.reset();
      expect(await given.carry([item])).toEqual({ carried: 0, left: [] });
      expect(given.effects()).toEqual({ writes: 0, signed });
    },
  );

  it('sends no request if there is nothing to carry', async () => {
    const given = await world();
    given.server.counters.reset();
    const att: EvidenceItem = { ...(await given.attest()), form: 'att' };
    given.server.counters.reset();
    expect(await given.carry([])).toEqual({ carried: 0, left: [] });
    expect(await given.carry([att])).toEqual({ carried: 0, left: [] });
    expect(given.asked()).toEqual([]);
  });

  it.each([PROMOTION_RECORD, VERIFICATION_SUMMARY])('never carries %s', async (type) => {
    const given = await world();
    expect(await given.carry([await given.attest(type)])).toEqual({ carried: 0, left: [] });
    expect(await given.attached()).toEqual([]);
  });

  it.each<[string, Change, string]>([
    ['another artifact type', (document) => ({ ...document, artifactType: 'application/x' }), 'artifact type'],
    ['no artifact type', (document) => ({ ...document, artifactType: undefined }), 'artifact type'],
    [
      'a config of its own',
      (document) => ({ ...document, config: (document['layers'] as unknown[])[0] }),
      'has a non-empty config',
    ],
    ['two layers', (document) => ({ ...document, layers: twice(document['layers']) }), 'other layers'],
    ['no layer', (document) => ({ ...document, layers: [] }), 'other layers'],
    [
      'a layer that was not accepted',
      (document) => ({ ...document, layers: [{ ...EMPTY_CONFIG.descriptor, mediaType: BUNDLE_TYPE }] }),
      'other layers',
    ],
    [
      'another predicate type in its annotation',
      (document) => ({ ...document, annotations: { [PREDICATE_TYPE]: PROMOTION_RECORD } }),
      `claims to be of type ${PROMOTION_RECORD}`,
    ],
    [
      'another signer in its annotation',
      (document) => ({ ...document, annotations: { [SIGNED_BY]: signedBy({ kind: 'keyless', ...SIGNER }) } }),
      `claims to be signed by ${SIGNER.issuer}::${SIGNER.subject}`,
    ],
  ])('does not carry a bundle that %s, and says why', async (_, change, reason) => {
    const given = await world();
    const item = await given.attest(PROVENANCE, change);
    const { carried, left } = await given.carry([item]);
    expect([carried, left]).toEqual([0, [expect.stringContaining(reason)]]);
    expect(left[0]).toContain(`${given.staging}@${item.manifest}`);
    expect(await given.attached()).toEqual([]);
  });

  it('does not carry bundles of another digest, nor missing ones', async () => {
    const given = await world();
    const item = await given.attest();
    const other = storeImage(given.server.store, 'app', buildImage({ seed: 2 }), ['v2']);
    const about = await given.carry([item], { digest: other.digest });
    expect(about).toEqual({ carried: 0, left: [expect.stringContaining(`is about ${given.subject.digest}`)] });
    const gone = { ...item, manifest: other.digest };
    expect(await given.carry([gone])).toEqual({ carried: 0, left: [expect.stringContaining('no longer exists')] });
  });

  it('carries a bundle without annotations', async () => {
    const given = await world();
    const item = await given.attest(PROVENANCE, (document) => ({ ...document, annotations: undefined }));
    expect(await given.carry([item])).toEqual({ carried: 1, left: [] });
  });
});

function twice(layers: unknown): unknown {
  return Array.isArray(layers) ? [...(layers as unknown[]), ...(layers as unknown[])] : layers;
}
