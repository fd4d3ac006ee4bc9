import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { storeLadder } from '../support/registry/ladder.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';
import type { Counters } from '../support/registry/counters.ts';

/** Eight levels of four links are 65,536 ways to one image. */
const [LEVELS, LINKS] = [8, 4];
/** How often a run may ask for one thing: to judge, to sign, to replicate. */
const FEW = 3;
const HONEST = buildImage({ seed: 1 });

/** What a policy asks for so that provenance is judged; nothing of it is there. */
const POLICY = `provenance:
  mode: warn
  signers: ["sigstore::${SIGNER.issuer}::${SIGNER.subject}"]
  builders: [{ id: "https://ci.example/builder", level: 3 }]
  sources: [github.com/acme/app]
`;

/** The most often that one address of this kind was asked for. */
function mostAsked({ log }: Counters, kind: string): number {
  const times = new Map<string, number>();
  for (const one of log) if (one.kind === kind) times.set(one.path, (times.get(one.path) ?? 0) + 1);
  return [...times.values()].reduce((most, count) => Math.max(most, count), 0);
}

async function opened(
  registry: RegistryOptions = {},
): Promise<{ stage: SigningStage; project: ProjectSpec; manifests: number }> {
  const stage = await signingStage(2, { registry });
  storeImage(stage.staging.store, 'staging/honest', HONEST);
  const { root, manifests } = storeLadder(stage.staging.store, 'staging/ladder', LEVELS, LINKS);
  const project = stage.project(
    [
      ['ladder', root.digest, 'v1'],
      ['honest', HONEST.manifest.descriptor.digest, 'v1'],
    ],
    { manifest: POLICY },
  );
  return { stage, project, manifests };
}

describe('an index that leads to one image in countless ways', () => {
  it('is judged, copied, signed, replicated and checked with few reads of each digest', async () => {
    const { stage, project, manifests } = await opened();
    const { staging, mirrors } = stage;
    const run = await stage.run([project], ['--confirm', '--replicate-signatures']);
    expect([run.code, run.summary]).toEqual([0, expect.stringContaining('2 digests signed')]);
    expect(mostAsked(staging.counters, 'getManifest')).toBeLessThanOrEqual(FEW);
    expect(mostAsked(staging.counters, 'referrers')).toBeLessThanOrEqual(FEW);
    expect(staging.counters.counts().kinds.getManifest).toBeLessThan(5 * manifests);
    for (const mirror of mirrors) {
      expect(mirror.snapshot()['prod/honest']?.tags).toMatchObject({ v1: HONEST.manifest.descriptor.digest });
      expect(mirror.snapshot()['prod/ladder']?.tags).toMatchObject({ v1: project.entries[0]?.[1] });
    }
    stage.taken();
    await using tree = await writeTree([project]);
    const trust = [`--trusted-root=${stage.sigstore.trustedRootFile}`, `--certificate-identity=${SIGNER.subject}`];
    const checked = await kpromo(['sigcheck', '--manifests', tree.path, ...trust]);
    expect([checked.code, checked.stderr]).toEqual([0, expect.any(String)]);
    for (const { counters } of mirrors) expect(mostAsked(counters, 'referrers')).toBeLessThanOrEqual(FEW);
  });

  it('loses its children in a minimal snapshot with few reads of each digest', async () => {
    const { stage } = await opened({ google: true });
    const { code } = await kpromo(['cip', `--snapshot=${stage.staging.host}/staging`, '--minimal-snapshot']);
    expect(code).toBe(0);
    expect(mostAsked(stage.staging.counters, 'getManifest')).toBeLessThanOrEqual(FEW);
  });
});
