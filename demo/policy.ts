import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSigning } from '../src/attest/signing/open.ts';
import { realClock } from '../src/clock.ts';
import { openRegistries } from '../src/cli/wiring/registries.ts';
import { attest, slsa, SLSA_V1 } from '../test/support/evidence.ts';
import { buildImage, storeImage } from '../test/support/registry/images.ts';
import type { TestRegistry } from '../test/support/registry/server.ts';
import type { LocalSigstore } from '../test/support/sigstore/local.ts';

/** Path of the tree with the policy, in the folder of the demo. */
export const POLICY_TREE = 'policy-example';

/** The tags of two images: one from the trusted builder, and one built on a laptop. */
export const [BUILT, LAPTOP] = ['3.0.0', '3.0.1'] as const;

const BUILDER = 'builder@acme.example';
const REPOSITORY = 'staging-operator/operator';

/** Puts two images into staging, one of them with signed provenance, and writes a tree with both. */
export async function stagePolicy(
  folder: string,
  hosts: readonly string[],
  { store }: Pick<TestRegistry, 'store'>,
  sigstore: LocalSigstore,
): Promise<void> {
  const [built, laptop] = [3000, 3001].map((seed) => storeImage(store, REPOSITORY, buildImage({ seed })));
  if (built === undefined || laptop === undefined) throw new Error('two images were stored');
  const registries = openRegistries({ env: {}, clock: realClock(), narrate: () => undefined, random: Math.random });
  try {
    const signing = openSigning({
      ...registries.signing,
      env: { SIGSTORE_ID_TOKEN: sigstore.token({ email: BUILDER }) },
      trustedRoots: [sigstore.trustedRootFile],
      signingConfig: sigstore.signingConfigFile,
    });
    const signer = await signing.signer(new AbortController().signal);
    const predicate = slsa('https://ci.acme.example/builder', 'github.com/acme/operator');
    await attest(store, REPOSITORY, built, signer, { predicateType: SLSA_V1, predicate });
  } finally {
    await registries.close();
  }
  const [staging = '', ...mirrors] = hosts;
  write(folder, 'images/operator/images.yaml', images(built.digest, laptop.digest));
  write(folder, 'manifests/operator/promoter-manifest.yaml', manifest(`${staging}/staging-operator`, mirrors));
}

function write(folder: string, name: string, text: string): void {
  const path = join(folder, POLICY_TREE, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

const images = (built: string, laptop: string): string => `- name: operator
  dmap:
    "${built}": ["${BUILT}"]
    "${laptop}": ["${LAPTOP}"]
`;

const manifest = (source: string, mirrors: readonly string[]): string => `registries:
- name: ${source}
  src: true
${mirrors.map((host) => `- name: ${host}/prod\n`).join('')}provenance:
  mode: require
  signers: ["sigstore::https://accounts.google.com::${BUILDER}"]
  builders: [{ id: "https://ci.acme.example/builder", level: 3 }]
  sources: [github.com/acme/operator]
`;
