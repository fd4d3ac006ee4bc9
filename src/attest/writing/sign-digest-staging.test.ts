import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import { openedSigning } from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { digestOf } from '../../image/digest.ts';
import { attacher, type Attachment } from '../../registry/attaching/attacher.ts';
import { attachedTo, type Attached } from '../attached/attached.ts';
import { judgedOnce } from '../verifying/cached.ts';
import { SIGNED_BY, signedBy } from '../formats/annotations.ts';
import { bundleAttachment } from '../attached/publish.ts';
import type { Signer } from '../roles.ts';
import { signDigest, type DigestSigning, type Done } from './sign-digest.ts';
import { SIGNATURE, signatureStatement } from '../formats/statement.ts';

const REFERENCE = 'prod.test/app';

type World = SignedWorld & {
  readonly staging: string;
  /** Attaches in staging as many signatures as bundles. */
  add(signer: Signer, count?: number, changed?: (made: Attachment) => Attachment): Promise<void>;
  /** Signs what was copied from staging. */
  promote(format?: DigestSigning['format']): Promise<Done>;
  /** The bundles in production, as `status signer`. */
  bundles(): Promise<readonly string[]>;
};

async function world(options: Parameters<typeof signedWorld>[0] = {}): Promise<World> {
  const signed = await signedWorld(options);
  const { server, host, registry, repository, subject, call } = signed;
  // verifying one signature fifty times would be most of the test
  const services = { ...signed.services, verifier: judgedOnce(signed.services.verifier) };
  storeImage(server.store, 'staging', buildImage({ seed: 1 }), ['v1']);
  const staging = `${host}/staging`;
  const attach = attacher(registry, services.lock);
  return {
    ...signed,
    staging,
    add: async (signer, count = 1, changed = (made) => made) => {
      const bytes = await signer.signStatement(signatureStatement(staging, subject.digest), call.signal);
      const bundle = { bytes, predicateType: SIGNATURE, identity: signer.identity };
      for (let nth = 0; nth < count; nth += 1)
        await attach.attach(staging, changed(bundleAttachment(subject, bundle, nth * 1000)), call);
    },
    promote: (format = 'bundle') =>
      signDigest({ ...services, format }, { repository, digest: subject.digest, reference: REFERENCE, staging }, call),
    bundles: async () =>
      (await attachedTo(registry, services.verifier, repository, subject.digest, call))
        .filter(({ form }) => form === 'bundle')
        .map(textOf)
        .toSorted(),
  };
}

function textOf({ verdict: { status, identity } }: Attached): string {
  return identity?.kind === 'keyless' ? `${status} ${identity.subject}` : status;
}

/** Signs with a Sigstore that is not known here. */
async function foreigner(): Promise<Signer> {
  const { signing } = await openedSigning();
  return signing.signer(new AbortController().signal);
}

const OURS = `verified ${SIGNER.subject}`;
const STRANGERS = 'verified stranger@example.com';

describe('src/attest/writing/sign-digest.ts: bundles of staging', () => {
  it.each([
    [55, 8, 50, 0],
    [2, 8, 2, 5],
  ])('keeps of %i verified and %i unverifiable ones %i and %i, beside ours', async (good, foreign, kept, few) => {
    const given = await world();
    await given.add(await foreigner(), foreign, asCosign);
    await given.add((await given.stranger()).signer, good);
    expect(await given.promote()).toBe('written');
    const expected = [...Array<string>(few).fill('unverifiable'), OURS, ...Array<string>(kept).fill(STRANGERS)];
    expect(await given.bundles()).toEqual(expected);
    expect(await given.promote()).toBe('there');
  });

  it('writes our signature as a bundle before and beside them, also if only .sig tags are requested', async () => {
    const theirs: string[] = [];
    const fault: FaultHook = ({ method, path }) =>
      method === 'PUT' && theirs.some((digest) => path.endsWith(`/app/manifests/${digest}`))
        ? { status: 403 }
        : undefined;
    const given = await world({ registry: { fault } });
    expect(await given.promote('legacy')).toBe('written');
    expect(await given.bundles()).toEqual([]);
    await given.add((await given.stranger()).signer, 1, (made) => {
      theirs.push(made.manifest.descriptor.digest);
      return made;
    });
    await expect(given.promote('legacy')).rejects.toMatchObject({ code: 'DENIED' });
    expect(await given.bundles()).toEqual([OURS]);
    theirs.length = 0;
    expect(await given.promote('legacy')).toBe('written');
    expect(await given.bundles()).toEqual([OURS, STRANGERS]);
  });

  it('does not carry a bundle that claims another signer or contains more than the signature', async () => {
    const given = await world();
    const { signer } = await given.stranger();
    await given.add(signer, 1, (made) =>
      changedIn(made, (document) => ({
        ...document,
        annotations: { [SIGNED_BY]: signedBy({ kind: 'keyless', ...SIGNER }) },
      })),
    );
    await given.add(signer, 1, (made) =>
      changedIn(made, (document) => ({ ...document, config: (document['layers'] as unknown[])[0] })),
    );
    expect(await given.promote()).toBe('written');
    expect(await given.bundles()).toEqual([OURS]);
  });

  it('does not carry signatures of another digest', async () => {
    const given = await world();
    const { signer } = await given.stranger();
    const other = digestOf(Buffer.from('another image'));
    const bytes = await signer.signStatement(signatureStatement(given.staging, other), given.call.signal);
    const about = bundleAttachment(given.subject, { bytes, predicateType: SIGNATURE, identity: signer.identity }, 0);
    await given.add(signer, 1, () => about);
    expect(await given.promote()).toBe('written');
    expect(await given.bundles()).toEqual([OURS]);
  });

  it('fails if staging cannot be read', async () => {
    let isBroken = false;
    const fault: FaultHook = ({ path }) =>
      isBroken && path.includes('/staging/referrers/') ? { status: 403 } : undefined;
    const given = await world({ registry: { fault } });
    isBroken = true;
    await expect(given.promote()).rejects.toMatchObject({ code: 'DENIED' });
  });
});

/** cosign's bundles do not tell in their manifest who signed. */
function asCosign(made: Attachment): Attachment {
  return changedIn(made, ({ annotations, ...document }) => {
    const { [SIGNED_BY]: _, ...others } = annotations as Record<string, string>;
    return { ...document, annotations: others };
  });
}

function changedIn(
  made: Attachment,
  change: (document: Record<string, unknown>) => Record<string, unknown>,
): Attachment {
  const bytes = Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(made.manifest.bytes).toString()))));
  const descriptor = { ...made.manifest.descriptor, digest: digestOf(bytes), size: bytes.length };
  return { ...made, manifest: { bytes, descriptor }, referrer: { ...made.referrer, ...descriptor } };
}
