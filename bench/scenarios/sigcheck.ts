import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistryProcess } from '../../test/support/registry/process.ts';
import { startSigstore } from '../../test/support/sigstore/local.ts';
import { SIGNER } from '../../test/support/sigstore/oidc.ts';
import { measure, type Cli } from '../measure.ts';
import { outcomeOf, type Outcome, type Scenario } from '../scenario.ts';
import { writeTree } from '../tree-files.ts';
import { registriesFor } from '../tree-registries.ts';
import { generateTree, type TreeSize } from '../tree.ts';
import { LATENCY_MS, sum } from './tree.ts';

/** 60 images on 3 mirrors: enough for a stable ratio of requests to images, and signed in seconds. */
const SIZE: TreeSize = { projects: 6, images: 2, versions: 5, mirrors: 3, pending: 60 };

/** Checks the signatures and records of images that a run before it has promoted, signed and replicated. */
export const sigcheck: Scenario = { run: promoteAndCheck };

async function promoteAndCheck(cli: Cli): Promise<Outcome> {
  const made = generateTree(SIZE);
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-'));
  await using sigstore = await startSigstore();
  await using registries = await startRegistryProcess(registriesFor(made, { google: true, latencyMs: LATENCY_MS }));
  try {
    const [staging = '', ...mirrors] = registries.hosts;
    await writeTree(made, folder, staging, mirrors);
    const tree = ['--thin-manifest-dir', folder, `--trusted-root=${sigstore.trustedRootFile}`];
    const env = { ...cli.env, HOME: folder, SIGSTORE_ID_TOKEN: sigstore.token() };
    const signing = [`--signing-config=${sigstore.signingConfigFile}`, '--confirm', '--replicate-signatures'];
    const promoted = await measure({ program: cli.program, args: ['cip', ...tree, ...signing], env });
    await registries.reset();
    const args = ['sigcheck', ...tree, `--certificate-identity=${SIGNER.subject}`];
    const measured = await measure({ program: cli.program, args, env });
    const { figures, local, problems } = outcomeOf({ ...measured, requests: sum(await registries.counts()).requests });
    const before = outcomeOf(promoted).problems.map((problem) => `promotion: ${problem}`);
    return { figures, local, problems: [...before, ...problems] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
