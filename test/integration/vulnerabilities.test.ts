import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { SCAN_RECORD } from '../../src/scan/scanners/attestations.ts';
import { attest } from '../support/evidence.ts';
import { homeWith } from '../support/home.ts';
import { keySigner } from '../support/key-signer.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { fakeProgram, printing } from '../support/scanners/programs.ts';
import { trivyJson, type SaidFinding } from '../support/scanners/reports.ts';
import { signingIn } from '../support/signing.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const HIGH: SaidFinding = { id: 'CVE-2026-1', severity: 'HIGH', name: 'openssl', version: '3.0.1' };
const LOW: SaidFinding = { id: 'CVE-2026-2', severity: 'LOW', name: 'tar', version: '1.35', fixedIn: '1.36' };
const UNSIGNED = ['--confirm', '--sign=false'];
const forever = new AbortController().signal;

const stage = (world: SigningStage, seed: number, image: BuiltImage = buildImage({ seed })): Descriptor =>
  storeImage(world.staging.store, 'staging/app', image, [`b${seed}`]);
const entries = (...images: readonly Descriptor[]): (readonly [string, string, string])[] =>
  images.map(({ digest }, index) => ['app', digest, `v${index + 1}`] as const);

/** The tags that the first mirror has. */
const mirrored = ({ mirrors: [mirror] }: SigningStage): readonly string[] =>
  Object.keys(mirror?.snapshot()['prod/app']?.tags ?? {}).toSorted();

/** A flag for each image, with a report of what is in it. */
async function reports(...found: readonly (readonly [Descriptor, readonly SaidFinding[]])[]): Promise<string[]> {
  const files = found.map(([{ digest }, findings], index): [string, string] => [
    `${index}.json`,
    JSON.stringify(trivyJson({ reference: `registry.example/app@${digest}`, found: findings })),
  ]);
  const folder = await homeWith(Object.fromEntries(files));
  return files.map(([file]) => `--vuln-report=${join(folder, file)}`);
}

const scan = (
  image: Descriptor,
  found: readonly SaidFinding[] = [HIGH],
): { predicateType: string; predicate: Record<string, unknown> } => ({
  predicateType: SCAN_RECORD,
  predicate: { scanner: { uri: '', result: trivyJson({ reference: `app@${image.digest}`, found }) } },
});

/** Whom upstream's flags expect unless they say otherwise. */
const UPSTREAM_ACCOUNT = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';

describe('vulnerabilities of what is promoted', () => {
  it('are looked for instead of promoting with --vuln-severity-threshold, in a dry run and with --confirm', async () => {
    const world = await signingStage(1);
    const [bad, good] = [stage(world, 1), stage(world, 2)];
    const given = await reports([bad, [LOW, HIGH]], [good, [LOW]]);
    const projects = [world.project(entries(bad, good))];
    world.taken();
    for (const confirm of [[], ['--confirm']]) {
      const run = await world.run(projects, [...confirm, '--vuln-severity-threshold=4', ...given], { env: {} });
      expect(run.code).toBe(1);
      expect(run.summary).toContain('VULNERABLE app@sha256:');
      expect(run.summary).toContain('2 images scanned, 3 findings, 1 of them at or over the threshold');
      expect(run.stdout).toMatch(
        /over +high +CVE-2026-1 +openssl 3\.0\.1 +no fix\n.*below +low +CVE-2026-2 +tar 1\.35/,
      );
      expect(run.stdout.match(/CVE-2026-2/g)).toHaveLength(2);
      expect(mirrored(world)).toEqual([]);
      expect(world.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
    }
    const lax = await world.run(projects, ['--confirm', '--vuln-severity-threshold=5', ...given], { env: {} });
    expect(lax.code).toBe(0);
    expect(lax.log).toContain(
      'info Only scanning, not promoting (--vuln-severity-threshold); use --vuln-gate for both',
    );
    expect(mirrored(world)).toEqual([]);
  });

  it('hold an image back with --vuln-gate, as does that nobody has scanned it, and the others are promoted', async () => {
    const world = await signingStage(2);
    const [bad, good, unknown] = [stage(world, 11), stage(world, 12), stage(world, 13)];
    const given = await reports([bad, [HIGH]], [good, [LOW]]);
    const projects = [world.project(entries(bad, good, unknown))];
    const run = await world.run(projects, [...UNSIGNED, '--vuln-gate', ...given]);
    expect(run.code).toBe(1);
    expect(mirrored(world)).toEqual(['v2']);
    expect(run.summary).toMatch(/VULNERABLE app@[^]*images\.yaml:3:\d+[^]*CVE-2026-1 \(high, openssl\s+3\.0\.1\)/);
    expect(run.summary).toMatch(/NOT_SCANNED app@/);
    expect(run.stdout).toMatch(/\(v3\): NOT SCANNED \(report, attestation, google\)/);

    const allowed = await world.run(projects, [...UNSIGNED, '--vuln-gate', '--vuln-allow-unscanned', ...given]);
    expect(mirrored(world)).toEqual(['v2', 'v3']);
    expect(allowed.stdout).toMatch(/\(v3\): NOT SCANNED/);
    expect(allowed.summary).not.toContain('NOT_SCANNED');
  });

  it('are looked for on every platform of an index', async () => {
    const world = await signingStage(1);
    const index = stage(world, 21, buildMultiPlatform({ seed: 21 }, ['linux/amd64', 'linux/arm64']));
    const said = { reference: `registry.example/app@${index.digest}`, found: [LOW] };
    const folder = await homeWith({
      'amd64.json': JSON.stringify(trivyJson({ ...said, platform: ['linux', 'amd64'] })),
      'arm64.json': JSON.stringify(trivyJson({ ...said, platform: ['linux', 'arm64'] })),
    });
    const [amd, arm] = ['amd64', 'arm64'].map((name) => `--vuln-report=${join(folder, name)}.json`) as [string, string];
    const projects = [world.project(entries(index))];
    const half = await world.run(projects, [...UNSIGNED, '--vuln-gate', amd]);
    expect([half.code, mirrored(world)]).toEqual([1, []]);
    expect(half.stdout).toMatch(/NOT SCANNED .*linux\/arm64: /);
    const whole = await world.run(projects, [...UNSIGNED, '--vuln-gate', amd, arm]);
    expect([whole.code, mirrored(world)]).toEqual([0, ['v1']]);
    expect(whole.stdout).toMatch(/CVE-2026-2 .*linux\/amd64\n.*CVE-2026-2 .*linux\/arm64/);
  });

  it('are read from attestations of those who are known, and from OpenVEX', async () => {
    const world = await signingStage(1);
    const { sigstore } = world;
    const named = async (claims = {}): ReturnType<Awaited<ReturnType<typeof signingIn>>['signer']> => {
      const env = { SIGSTORE_ID_TOKEN: sigstore.token(claims) };
      return (await signingIn({ sigstore, clock: realClock() }, { env })).signer(forever);
    };
    const [own, stranger] = [await named(), await named({ email: 'stranger@example.com' })];
    const [mine, explained, foreign, keyed] = [31, 32, 33, 34].map((seed) => stage(world, seed)) as [
      Descriptor,
      Descriptor,
      Descriptor,
      Descriptor,
    ];
    const vex = { vulnerability: { name: HIGH.id }, status: 'not_affected', justification: 'component_not_present' };
    const predicate = { '@context': 'https://openvex.dev/ns/v0.2.0', author: 'Acme', statements: [vex] };
    const put = (image: Descriptor, by: typeof own, what: Parameters<typeof attest>[4]): Promise<void> =>
      attest(world.staging.store, 'staging/app', image, by, what);
    await put(mine, own, scan(mine));
    await put(explained, own, scan(explained));
    await put(explained, own, { predicateType: 'https://openvex.dev/ns/v0.2.0', predicate });
    await put(foreign, stranger, scan(foreign));
    await put(keyed, await keySigner({ sigstore, clock: realClock() }), scan(keyed));
    const known = [`--certificate-identity=${SIGNER.subject}`, `--certificate-oidc-issuer=${SIGNER.issuer}`];
    const run = await world.run(
      [world.project(entries(mine, explained, foreign, keyed))],
      [...UNSIGNED, '--vuln-gate', ...known],
    );
    expect(run.code).toBe(1);
    expect(mirrored(world)).toEqual(['v2']);
    expect(run.stdout).toMatch(/\(v1\): 1 finding .*attested by promoter@example\.com\n +over +high/);
    expect(run.stdout).toMatch(/\(v2\): 1 finding .*\n +not-affected .*component_not_present \(OpenVEX of Acme\)/);
    expect(run.stdout).toMatch(/\(v3\): NOT SCANNED .*signed by stranger@example\.com, is untrusted/);
    expect(run.stdout).toMatch(/\(v4\): NOT SCANNED .*attested scan, signed by .*, is unverifiable/);
  });

  it('are not taken from the account that is only the default, however it is signed', async () => {
    const world = await signingStage(1);
    const { sigstore } = world;
    const env = { SIGSTORE_ID_TOKEN: sigstore.token({ email: UPSTREAM_ACCOUNT }) };
    const upstream = await (await signingIn({ sigstore, clock: realClock() }, { env })).signer(forever);
    const image = stage(world, 35);
    await attest(world.staging.store, 'staging/app', image, upstream, scan(image, []));
    const run = (flags: readonly string[]): ReturnType<typeof world.run> =>
      world.run(
        [world.project(entries(image))],
        [...UNSIGNED, '--vuln-gate', `--certificate-oidc-issuer=${SIGNER.issuer}`, ...flags],
      );
    const stranger = await run([]);
    expect(stranger.code).toBe(1);
    expect(stranger.stdout).toMatch(/NOT SCANNED .*, is untrusted/);
    expect(mirrored(world)).toEqual([]);
    expect((await run([`--certificate-identity=${UPSTREAM_ACCOUNT}`])).code).toBe(0);
  });

  it("are measured by each project's own threshold, and excepted where it says why", async () => {
    const world = await signingStage(1);
    const [first, second] = [stage(world, 41), stage(world, 42)];
    const given = await reports([first, [HIGH]], [second, [HIGH]]);
    const projects = [
      world.project(entries(first), { name: 'lax' }),
      world.project([['app', second.digest, 'v2']], { name: 'strict' }),
    ];
    const policy = (until: string): string => `vulnerabilities: {threshold: 4}
projects:
  lax:
    vulnerabilities:
      threshold: 4
      exceptions: [{ id: ${HIGH.id}, until: ${until}, reason: not reachable }]
`;
    await using tree = await writeTree(projects);
    await writeFile(join(tree.path, 'promoter-policy.yaml'), policy('2020-01-01'));
    const late = await world.runTree(tree.path, [...UNSIGNED, '--vuln-gate', '--vuln-severity-threshold=5', ...given]);
    expect([late.code, mirrored(world)]).toEqual([1, []]);
    expect(late.stdout).toMatch(/the exception at .*promoter-policy\.yaml:6 ended with 2020-01-01/);
    await writeFile(join(tree.path, 'promoter-policy.yaml'), policy('2999-12-31'));
    const run = await world.runTree(tree.path, [...UNSIGNED, '--vuln-gate', '--vuln-severity-threshold=5', ...given]);
    expect([run.code, mirrored(world)]).toEqual([1, ['v1']]);
    expect(run.stdout).toMatch(
      /excepted +high +CVE-2026-1 .*not reachable \(.*promoter-policy\.yaml:6 until 2999-12-31\)/,
    );
  });

  it('are not looked for where a project has the threshold -1', async () => {
    const world = await signingStage(1);
    const [chart, image] = [stage(world, 45), stage(world, 46)];
    const charts = world.project(entries(chart), { name: 'charts' });
    await using tree = await writeTree([charts, world.project([['app', image.digest, 'v2']])]);
    await writeFile(
      join(tree.path, 'promoter-policy.yaml'),
      'projects: {charts: {vulnerabilities: {threshold: -1}}}\n',
    );
    const run = await world.runTree(tree.path, [...UNSIGNED, '--vuln-gate']);
    expect([run.code, mirrored(world)]).toEqual([1, ['v1']]);
    expect(run.stdout).toMatch(/\(v1\): NOT SCANNED \(none\): the threshold of its project is -1/);
  });

  it('are looked for once in each digest, whatever the number of mirrors, tags and entries', async () => {
    const world = await signingStage(3);
    const image = stage(world, 51);
    const program = await fakeProgram('trivy', printing(trivyJson({ reference: 'REFERENCE', found: [LOW] })));
    const { PATH = '' } = program.env;
    const projects = [
      world.project([['app', image.digest, 'v1', 'v2', 'v3']], { name: 'one' }),
      world.project([['app', image.digest, 'v4']], { name: 'two' }),
    ];
    const run = await world.run(projects, [...UNSIGNED, '--vuln-gate', '--vuln-scanner=trivy'], {
      env: { PATH },
    });
    expect([run.code, run.summary]).toEqual([0, expect.stringContaining('2 images scanned')]);
    expect(await program.runs()).toHaveLength(1);
    expect(mirrored(world)).toEqual(['v1', 'v2', 'v3', 'v4']);
    await world.run(projects, [...UNSIGNED, '--vuln-gate', '--vuln-scanner=trivy'], { env: { PATH } });
    expect(await program.runs()).toHaveLength(1);
  });

  it('are no reason to promote where the scanner fails, and the run says why', async () => {
    const world = await signingStage(1);
    const image = stage(world, 61);
    const flags = [...UNSIGNED, '--vuln-gate', '--vuln-allow-unscanned', '--vuln-scanner=grype'];
    const run = await world.run([world.project(entries(image))], flags, { env: { PATH: '/nowhere' } });
    expect([run.code, mirrored(world)]).toEqual([1, []]);
    expect(run.summary).toMatch(/SCANNER app@[^]*the program grype is missing/);
    world.taken();
    const unread = await world.run(
      [world.project(entries(image))],
      [...UNSIGNED, '--vuln-gate', '--vuln-report=/nowhere'],
    );
    expect(unread.code).toBe(1);
    expect(unread.stderr).toContain('the vulnerability report /nowhere does not exist');
    expect(world.taken()).toMatchObject({ requests: 0 });
  });

  it('are not looked for unless told, and a policy that asks for it is told of, once', async () => {
    const world = await signingStage(1);
    const images = [stage(world, 71), stage(world, 72)];
    await using tree = await writeTree([world.project(entries(...images))]);
    const warnings = async (): Promise<readonly string[]> => {
      const { log } = await world.runTree(tree.path, []);
      return log.filter((line) => line.includes('--vuln-gate'));
    };
    expect(await warnings()).toEqual([]);
    await writeFile(join(tree.path, 'promoter-policy.yaml'), 'vulnerabilities: {threshold: 4}\n');
    expect(await warnings()).toEqual([
      expect.stringMatching(/^warning .*promoter-policy\.yaml:1 .*nothing is scanned: set --vuln-gate$/),
    ]);
  });
});
