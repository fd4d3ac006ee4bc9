import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReportDocument } from '../../src/report/model/schema.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const APP = buildImage({ seed: 1 });
const schema: unknown = JSON.parse(
  await readFile(new URL('../../schemas/run-report.schema.json', import.meta.url), 'utf8'),
);
const isValid = new Ajv2020({ strict: true, formats: { 'date-time': true } }).compile(schema as object);

async function documentIn(file: string): Promise<ReportDocument> {
  const json: unknown = JSON.parse(await readFile(file, 'utf8'));
  isValid(json);
  expect(isValid.errors).toBe(null);
  return ReportDocument.parse(json);
}

describe('--report of a run that signs', () => {
  it('tells what was signed, recorded and copied to mirrors, and what a check then finds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kpromo-reports-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const stage = await signingStage(2);
    storeImage(stage.staging.store, 'staging/app', APP);
    const digest = APP.manifest.descriptor.digest;
    const project = stage.project([['app', digest, 'v1']]);
    const [run, check] = [join(folder, 'run.json'), join(folder, 'check.json')];

    const { code } = await stage.run([project], ['--confirm', '--replicate-signatures', '--report', run]);
    expect(code).toBe(0);
    const promoted = await documentIn(run);
    expect(promoted).toMatchObject({ outcome: 'done', totals: { copied: 2, signing: { signed: 1, recorded: 1 } } });
    expect(promoted.replication?.copied).toBeGreaterThan(0);
    expect(promoted.images.find(({ attached }) => attached !== true)?.signature).toMatchObject({
      signature: 'written',
    });
    expect(promoted.images.filter(({ attached }) => attached === true).length).toBeGreaterThan(0);
    const names = promoted.phases.map(({ name }) => name);
    expect(names.filter((name) => ['promote', 'sign', 'attest', 'replicate'].includes(name))).toEqual([
      'promote',
      'sign',
      'attest',
      'replicate',
    ]);
    const starts = promoted.phases.map(({ start }) => start);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));

    await using tree = await writeTree([project]);
    const { sigstore } = stage;
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    const who = `--certificate-identity=${SIGNER.subject}`;
    await kpromo(['sigcheck', ...trust, who, '--manifests', tree.path, '--report', check]);
    const checked = await documentIn(check);
    expect(checked).toMatchObject({ mode: 'check', outcome: 'done', check: { digests: 1, beyond: 0 } });
    const findings = checked.check?.findings.map(({ what, status, repositories }) => [
      what,
      status,
      repositories.length,
    ]);
    expect(findings?.toSorted()).toEqual([
      ['record', 'verified', 2],
      ['signature', 'verified', 2],
    ]);
  });
});
