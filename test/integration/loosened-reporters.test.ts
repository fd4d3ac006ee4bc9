import { describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { SCAN_RECORD } from '../../src/scan/scanners/attestations.ts';
import { attest } from '../support/evidence.ts';
import { createRepository } from '../support/git.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { trivyJson } from '../support/scanners/reports.ts';
import { signingIn } from '../support/signing.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const forever = new AbortController().signal;

/** A policy that only warns, and names these as signers. */
const policy = (...names: readonly string[]): string => {
  const signers = names.map((name) => `"sigstore::${SIGNER.issuer}::${name}"`);
  return `provenance: {mode: warn, signers: [${signers.join(', ')}], builders: [{id: https://b.example, level: 1}], sources: [a.example/a]}\n`;
};

describe('a change that names its own reporter of vulnerabilities', () => {
  it('is not believed what that one reports, until it is merged', async () => {
    const world = await signingStage(1);
    await using tree = await createRepository();
    const image = storeImage(world.staging.store, 'staging/app', buildImage({ seed: 901 }), ['v1']);
    const env = { SIGSTORE_ID_TOKEN: world.sigstore.token({ email: 'evil@example.com' }) };
    const evil = await (await signingIn({ sigstore: world.sigstore, clock: realClock() }, { env })).signer(forever);
    const result = trivyJson({ reference: `app@${image.digest}`, found: [] });
    const predicate = { scanner: { uri: '', result } };
    await attest(world.staging.store, 'staging/app', image, evil, { predicateType: SCAN_RECORD, predicate });
    const manifest = `registries:\n- {name: ${world.staging.host}/staging, src: true}\n- {name: ${world.mirrors[0]?.host}/prod}\n`;
    await tree.commit({
      'manifests/app/promoter-manifest.yaml': manifest,
      'images/app/images.yaml': '- {name: app, dmap: {}}\n',
      'promoter-policy.yaml': policy(SIGNER.subject),
    });
    await tree.commit({
      'images/app/images.yaml': `- {name: app, dmap: {"${image.digest}": [v1]}}\n`,
      'promoter-policy.yaml': policy(SIGNER.subject, 'evil@example.com'),
    });
    const flags = ['--confirm', '--sign=false', '--vuln-gate'];
    const options = { env: { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'postsubmit' } };
    const change = await world.runTree(tree.path, [...flags, '--use-prow-manifest-diff'], options);
    expect([change.code, world.mirrors[0]?.snapshot()['prod/app']?.tags ?? {}]).toEqual([1, {}]);
    expect(change.stdout).toMatch(/\(v1\): NOT SCANNED .*signed by evil@example\.com, is untrusted/);
    const merged = await world.runTree(tree.path, flags, options);
    expect([merged.code, Object.keys(world.mirrors[0]?.snapshot()['prod/app']?.tags ?? {})]).toEqual([0, ['v1']]);
  });
});
