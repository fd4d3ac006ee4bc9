import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { attachedTo } from '../../src/attest/attached/attached.ts';
import { carriedBundle } from '../../src/attest/writing/carried-bundle.ts';
import { VERIFICATION_SUMMARY, VERIFIER_ID } from '../../src/attest/formats/summary.ts';
import { imageVouching } from '../../src/cli/wiring/attestations.ts';
import type { SummarizeRequest } from '../../src/phases/signing/services.ts';
import { judge } from '../../src/policy/judge.ts';
import { NO_POLICIES } from '../../src/policy/policies.ts';
import type { EvidenceItem } from '../../src/policy/provenance.ts';
import { digestSigning, signedWorld } from '../support/attached.ts';
import { homeWith } from '../support/home.ts';
import { evidenceOf, provenanceItem, requiring } from '../support/policies.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { candidate } from '../support/promotion/promoted.ts';
import { buildMultiPlatform, type BuiltImage } from '../support/registry/images.ts';
import { signingIn } from '../support/signing.ts';

const run = promisify(execFile);
const REFERENCE = 'prod.test/app';
const index = buildMultiPlatform({ seed: 1 }, ['linux/amd64', 'linux/arm64']);
const [proven = index, bare = index] = index.children;
const digestOf = ({ manifest }: BuiltImage) => manifest.descriptor.digest;

/** Says whether slsa-verifier takes the summary of an image for this level, and what it says if not. */
type Verify = (image: BuiltImage, level: string, given?: { readonly as?: BuiltImage }) => Promise<string>;

/** An index that a key summarized with its platforms, by what is attached to each. */
async function world(test: Skippable, own: readonly EvidenceItem[]): Promise<Verify> {
  const program = await orSkip(test, () => requireProgram('slsa-verifier'));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const home = await homeWith({
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'key.pub': publicKey.export({ type: 'spki', format: 'pem' }),
  });
  const signed = await signedWorld({ image: index });
  const { registry, repository, call } = signed;
  const signing = await signingIn(signed, { key: join(home, 'key'), tlogUpload: false, env: {} });
  const services = await digestSigning(registry, signing);
  const { invocation: _, ...item } = provenanceItem();
  const platforms = [
    { ...evidenceOf([item]), digest: digestOf(proven) },
    { ...evidenceOf([]), digest: digestOf(bare) },
  ];
  const evidence = { ...evidenceOf(own, platforms), digest: digestOf(index) };
  const policies = { ...NO_POLICIES, provenance: [requiring({ mode: 'warn' })] };
  const about = { repository, reference: REFERENCE, digest: digestOf(index) };
  const judgement = judge(policies.provenance, evidence);
  const request: SummarizeRequest = {
    ...about,
    sources: [{ ...about, wanted: candidate(1).wanted, policies, evidence, judgement }],
    listed: new Set([digestOf(index)]),
    holders: () => [],
  };
  const { summarize } = imageVouching({
    opener: { open: async () => services },
    carrySboms: true,
    summaries: {
      signing,
      supersede: false,
      version: 'v1.0.0',
      time: Date.UTC(2026, 0, 1),
      committed: (name) => ({ name, uri: 'git+https://git.test/a', gitCommit: 'a'.repeat(40) }),
      manifestOf: (file) => file,
    },
  });
  expect(await summarize?.(request, call)).toBe('written');
  return async (image, level, { as = image } = {}) => {
    const all = await attachedTo(registry, services.verifier, repository, digestOf(image), call);
    const summary = all.find(({ verdict }) => verdict.predicateType === VERIFICATION_SUMMARY);
    if (summary?.content === undefined) throw new Error('there is no summary');
    const { manifest, content, verdict } = summary;
    const judged = { manifest, content, predicateType: VERIFICATION_SUMMARY, signer: verdict.identity };
    const attachment = await carriedBundle(registry, { staging: repository, digest: digestOf(image) }, judged, call);
    const bundle = typeof attachment === 'string' ? attachment : Buffer.from(attachment.blobs[1]?.bytes ?? []);
    const { dsseEnvelope } = JSON.parse(bundle.toString()) as { dsseEnvelope: unknown };
    await writeFile(join(home, 'vsa.json'), JSON.stringify(dsseEnvelope));
    const subject = [`--subject-digest=${digestOf(as)}`, `--resource-uri=${REFERENCE}@${digestOf(as)}`];
    const given = [`--attestation-path=${join(home, 'vsa.json')}`, `--public-key-path=${join(home, 'key.pub')}`];
    const asked = [`--verifier-id=${VERIFIER_ID}`, `--verified-level=${level}`];
    const ran = run(program, ['verify-vsa', ...subject, ...given, ...asked], { env: { HOME: home } });
    return ran.then(
      ({ stderr }) => firstLine(stderr),
      (error: unknown) => firstLine((error as { stderr: string }).stderr),
    );
  };
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

const PASSED = 'Verifying VSA: PASSED';

describe('verification summaries, judged by slsa-verifier', () => {
  it('are good for the level of the digest that they are of, and for no higher', async (test) => {
    const verify = await world(test, [provenanceItem()]);
    expect(await verify(index, 'SLSA_BUILD_LEVEL_3')).toBe(PASSED);
    expect(await verify(index, 'SLSA_BUILD_LEVEL_2')).toBe(PASSED);
    expect(await verify(index, 'K8S_PROMOTION_MANIFEST_REVIEWED')).toBe(PASSED);
    expect(await verify(index, 'SLSA_BUILD_LEVEL_4')).toContain('to be at least 4, got 3');
    expect(await verify(index, 'K8S_REVIEWED_TWICE')).toContain('expected verified level not found');
    expect(await verify(proven, 'SLSA_BUILD_LEVEL_2')).toBe(PASSED);
    expect(await verify(proven, 'SLSA_BUILD_LEVEL_3')).toContain('to be at least 3, got 2');
    expect(await verify(bare, 'SLSA_BUILD_LEVEL_1')).toContain('SLSA_BUILD_LEVEL_UNEVALUATED');
    expect(await verify(index, 'SLSA_BUILD_LEVEL_3', { as: bare })).toContain('expected digest not found');
  });

  it('are good for nothing where the index failed and the platform has nothing of its own', async (test) => {
    const verify = await world(test, [provenanceItem({ sources: ['github.com/eve/app'] })]);
    for (const image of [index, bare])
      expect(await verify(image, 'K8S_PROMOTION_MANIFEST_REVIEWED')).toContain('verification result is not Passed');
    expect(await verify(proven, 'SLSA_BUILD_LEVEL_2')).toBe(PASSED);
  });
});
