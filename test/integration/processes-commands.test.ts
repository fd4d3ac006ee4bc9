import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { ensureBuilt, runCli } from '../support/built-cli.ts';
import { comparable } from '../support/comparable-report.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const IMAGES = ['a', 'b', 'c', 'd', 'e'].map((name, seed) => [name, buildImage({ seed: 300 + seed })] as const);

/** Promoted and signed images, whose signatures are on the primary only, and an entry that cannot be promoted. */
async function world() {
  const stage = await signingStage(2);
  for (const [name, image] of IMAGES) storeImage(stage.staging.store, `staging/${name}`, image);
  const entries = IMAGES.map(([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const);
  const promoted = await stage.run([stage.project(entries)], ['--confirm']);
  expect(promoted.code, promoted.stderr).toBe(0);
  const lost = buildImage({ seed: 399 }).manifest.descriptor.digest;
  const tree = await writeTree([stage.project([...entries, ['lost', lost, 'v1']])]);
  await writeFile(join(tree.path, 'registries.yaml'), KNOWN_TO_BE_FAST_YAML);
  const hosts = [stage.staging, ...stage.mirrors].map(({ host }) => host);
  const trust = [
    `--trusted-root=${stage.sigstore.trustedRootFile}`,
    `--signing-config=${stage.sigstore.signingConfigFile}`,
  ];
  const where = ['--manifests', tree.path, '--registry-config', join(tree.path, 'registries.yaml')];
  const file = join(tree.path, 'report.json');
  const report = async (): Promise<unknown> =>
    comparable(JSON.parse(await readFile(file, 'utf8')) as ReportDocument, [...hosts, tree.path]);
  const flagsOf = (command: string): readonly string[] => [
    ...(command === 'audit' || command === 'replicate' ? [] : trust),
    ...where,
    '--report',
    file,
  ];
  return {
    stage,
    env: () => ({ SIGSTORE_ID_TOKEN: stage.sigstore.token() }),
    flagsOf,
    report,
    path: tree.path,
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

const COMMANDS: readonly (readonly [code: number, command: string, ...flags: readonly string[]])[] = [
  [1, 'cip', '--require-identity=false'],
  [0, 'replicate'],
  [1, 'sigcheck', `--certificate-identity=${SIGNER.subject}`],
  [2, 'audit', '--detailed-exitcode'],
];

describe('the commands that several processes can share', () => {
  beforeAll(ensureBuilt);

  it('have the same exit code and report with two processes as with one', async () => {
    await using one = await world();
    for (const [code, command, ...flags] of COMMANDS) {
      const args = [command, ...flags, ...one.flagsOf(command)];
      const alone = await kpromo(args, { env: one.env() });
      const wanted = await one.report();
      const two = await runCli([...args, '--processes', '2'], { cwd: one.path, env: one.env() });
      expect([alone.code, two.code], `${command}\n${alone.stderr}\n${two.stderr}`).toEqual([code, code]);
      expect(await one.report(), command).toEqual(wanted);
      expect(two.stderr.split('\nSummary: ')).toHaveLength(2);
    }
  });

  it.each([
    ['sigcheck', '--limit=1', '--limit and --processes contradict each other'],
    ['audit', '--write-baseline=b.yaml', '--write-baseline and --processes contradict each other'],
    ['cip', '--shard=0/2', '--processes and --shard contradict each other'],
  ])('reject %s %s with --processes', async (command, flag, problem) => {
    const { code, stderr } = await kpromo([command, '--manifests', '.', '--processes=2', flag]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
  });
});
