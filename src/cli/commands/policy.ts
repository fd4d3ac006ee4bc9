import { rendering } from '../../watch/log-lines/render.ts';
import { readFile } from 'node:fs/promises';
import { evidenceReader, type EvidenceReader } from '../../attest/evidence/reader.ts';
import { openSigning } from '../../attest/signing/open.ts';
import { PromotionError } from '../../errors.ts';
import { refText, type AskedRef } from '../../image/asked-ref.ts';
import type { Digest } from '../../image/digest.ts';
import { pathBelow, type RepositoryName } from '../../image/reference.ts';
import { policyIn, type FilePolicy } from '../../manifest/policies/policy-file.ts';
import { prove } from '../../phases/provenance/prove-image.ts';
import { forImage } from '../../policy/image-levels.ts';
import { NO_POLICIES, type ProjectPolicies } from '../../policy/policies.ts';
import type { PromotionServices } from '../../promotion.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { verdictText } from '../../report/terminal/policy-verdict.ts';
import { provenanceReport } from '../../report/build/proven.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import type { PolicyOptions } from '../options/commands/policy.ts';
import { stagingTrust } from '../wiring/trust.ts';

/** Runs `kpromo policy test`: prints attachments and verdict of each image. Returns 1 if one would not be promoted. */
export async function run(options: PolicyOptions, services: CommandServices): Promise<number> {
  const policy = policyIn(await policyText(options.policy), options.project);
  const { registries } = await openConfigured(options.registries, services);
  try {
    const { registry, signing: path } = registries;
    const { trustedRoots, key, tlogUpload } = options.trust;
    const signing = openSigning({ ...path, trustedRoots, key, tlogUpload });
    await signing.openFiles(services.signal);
    const trust = await stagingTrust({ ...options.trust, namesIdentity: false }, {}, signing, services);
    const evidence = evidenceReader({
      registry,
      manifestOf: (repository, digest, stop) => registry.readManifest(repository, digest, { signal: stop }),
      verifier: trust.verifier,
    });
    const policiesFor = policiesIn(policy);
    let passed = true;
    for (const ref of options.refs) {
      const isGood = await passes({ registry, evidence, trust, policies: policiesFor(ref.repository) }, ref, services);
      passed &&= isGood;
    }
    return passed ? 0 : 1;
  } finally {
    await registries.close();
  }
}

/**
 * Returns the policies by repository. Without a source registry, every suffix of the repository is a possible image
 * name, and the strictest policy applies.
 */
function policiesIn({ provenance, source }: FilePolicy): (repository: RepositoryName) => ProjectPolicies {
  if (provenance === undefined) return () => NO_POLICIES;
  const policyFor = forImage(provenance);
  return (repository) => {
    const below = source === undefined ? undefined : pathBelow(source, repository);
    const parts = repository.split('/');
    const names = below === undefined ? parts.map((_, dropped) => parts.slice(dropped).join('/')) : [below];
    return { ...NO_POLICIES, provenance: [policyFor(names)] };
  };
}

type Trying = {
  readonly registry: RegistryReader;
  readonly evidence: EvidenceReader;
  readonly trust: PromotionServices['trust'];
  readonly policies: ProjectPolicies;
};

/** Prints the result of one image. Returns true if it passes. */
async function passes(
  { registry, evidence, trust, policies }: Trying,
  ref: AskedRef,
  { stdout, narrate, clock, signal }: CommandServices,
): Promise<boolean> {
  const digest = await digestOf(registry, ref, signal);
  const at = { file: refText(ref), line: 1, column: 1 };
  const wanted = { name: ref.repository, source: ref.repository, digest, tags: [], at, tagPositions: [], policies };
  const found = await prove(
    { evidence, ...trust },
    { wanted, targets: [] },
    { clock, emit: rendering(narrate), signal },
  );
  if ('code' in found) throw new PromotionError(found.code, found.message, { hint: found.hint });
  stdout.write(fitted(verdictText(`${ref.repository}@${digest}`, provenanceReport(found)), stdout));
  return found.judgement.result !== 'failed';
}

async function digestOf(registry: RegistryReader, ref: AskedRef, signal: AbortSignal): Promise<Digest> {
  const found = await registry.resolveManifest(ref.repository, ref.digest ?? ref.tag ?? '', { signal });
  if (found !== undefined) return found.digest;
  throw new PromotionError('NOT_FOUND', `${refText(ref)} is not in the registry`, {
    hint: 'check repository, tag and digest',
  });
}

async function policyText(file: string): Promise<{ readonly file: string; readonly bytes: Uint8Array }> {
  try {
    return { file, bytes: await readFile(file) };
  } catch (cause) {
    throw new PromotionError('USAGE', `--policy ${file}: cannot be read`, { cause, hint: 'check the path' });
  }
}
