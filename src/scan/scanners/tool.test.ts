import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { fakeProgram, printing, type FakeProgram } from '../../../test/support/scanners/programs.ts';
import { grypeJson, trivyJson } from '../../../test/support/scanners/reports.ts';
import { grype } from './grype.ts';
import type { Scanner } from '../scanner.ts';
import { trivy } from './trivy.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const target = { repository: 'registry.example/app', digest: DIGEST };
const forever = new AbortController().signal;
const found = [{ id: 'CVE-2026-1', severity: 'High', name: 'openssl', version: '3.0.1' }];
const tools = { trivy: [trivy, trivyJson], grype: [grype, grypeJson] } as const;
const names = ['trivy', 'grype'] as const;

async function installed(
  name: (typeof names)[number],
  script?: string,
  env: Record<string, string> = {},
): Promise<{ readonly scanner: Scanner; readonly program: FakeProgram; readonly clock: FakeClock }> {
  const [open, json] = tools[name];
  const report = json({ reference: 'REFERENCE', platform: ['linux', 'amd64'], found });
  const program = await fakeProgram(name, script ?? printing(report));
  const clock = fakeClock();
  return { program, clock, scanner: open({ env: { ...program.env, ...env }, clock }) };
}

describe('src/scan/scanners/tool.ts', () => {
  it.each(names)('runs %s on the image by its digest', async (name) => {
    const { scanner, program } = await installed(name);
    expect(await scanner.scan(target, forever)).toMatchObject({
      state: 'scanned',
      platforms: ['linux/amd64'],
      findings: [{ id: 'CVE-2026-1', severity: 4, source: name }],
    });
    const [run] = await program.runs();
    const reference = `registry.example/app@${DIGEST}`;
    expect(run?.args).toContain(name === 'grype' ? `registry:${reference}` : reference);
  });

  it.each(names)('overrides settings of the machine that hide findings of %s or fail it', async (name) => {
    const { scanner, program } = await installed(name, undefined, { GRYPE_FAIL_ON_SEVERITY: 'low' });
    await scanner.scan(target, forever);
    const [run] = await program.runs();
    const forced = {
      trivy: ['--severity=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL', '--ignore-unfixed=false', '--exit-code=0'],
      grype: ['--only-fixed=false'],
    };
    expect(run?.args).toEqual(expect.arrayContaining(forced[name]));
    if (name === 'grype') expect(run?.env).not.toHaveProperty('GRYPE_FAIL_ON_SEVERITY');
  });

  it.each(names)('runs %s in an empty temporary folder, without our secrets', async (name) => {
    const own = name === 'trivy' ? { TRIVY_CACHE_DIR: '/cache' } : { GRYPE_DB_CACHE_DIR: '/cache' };
    const wanted = {
      DOCKER_CONFIG: '/home/me/.docker',
      AWS_REGION: 'x',
      https_proxy: 'http://p',
      LC_ALL: 'C',
      ...own,
    };
    const env = { SIGSTORE_ID_TOKEN: 'secret', KPROMO_LIMITER: 'redis://x', NPM_TOKEN: 'x', ...wanted };
    const { scanner, program } = await installed(name, undefined, env);
    await scanner.scan(target, forever);
    const [run] = await program.runs();
    expect(run?.folder).not.toBe(process.cwd());
    expect(run?.files).toEqual([]);
    expect(existsSync(run?.folder ?? '')).toBe(false);
    const { PATH, ...passed } = run?.env ?? {};
    expect(passed).toEqual(wanted);
    expect(PATH).toBe(program.env['PATH']);
  });

  it('runs one at a time', async () => {
    const marked = `const own = log + '.lock';
      if (existsSync(own)) { process.stderr.write('cache in use'); process.exit(1); }
      require('node:fs').writeFileSync(own, '');
      ${printing(trivyJson({ reference: 'REFERENCE', found: [] }))}
      require('node:fs').rmSync(own);`;
    const { scanner } = await installed('trivy', marked);
    const scans = await Promise.all([1, 2, 3].map(() => scanner.scan(target, forever)));
    expect(scans.map(({ state }) => state)).toEqual(['scanned', 'scanned', 'scanned']);
  });

  it.each([
    [
      'ends with an error',
      'process.stderr.write("starting\\nFATAL no database"); process.exit(3)',
      /ended with 3: FATAL no/,
    ],
    ['is killed', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)', /ended with a signal/],
    ['prints text', 'console.log("all is well")', /did not print JSON/],
    ['prints nothing', '', /did not print JSON/],
    ['prints another format', 'console.log("{}")', /printed an unknown report format/],
  ])('throws with the reason when the tool %s', async (_, script, message) => {
    const { scanner } = await installed('trivy', script);
    expect(await rejection(scanner.scan(target, forever))).toMatchObject({
      code: 'SCANNER',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\w+ \w+/),
    });
  });

  it('removes secrets of addresses from the output of the tool', async () => {
    const said = 'GET https://me:password@registry.example/v2/?token=secret: 401';
    const { scanner } = await installed('trivy', `process.stderr.write(${JSON.stringify(said)}); process.exit(1)`);
    const error = await rejection(scanner.scan(target, forever));
    expect(String(error)).toMatch(/GET https:\/\/registry\.example\/v2\/\?…/);
    expect(String(error)).not.toMatch(/password|secret/);
  });

  it('throws when the tool is missing', async () => {
    const scanner = trivy({ env: { PATH: '/nowhere' }, clock: fakeClock() });
    expect(await rejection(scanner.scan(target, forever))).toMatchObject({
      code: 'SCANNER',
      message: 'the program trivy is missing',
      hint: expect.stringContaining('install trivy'),
    });
  });

  it('kills a tool that hangs', async () => {
    const { scanner, clock, program } = await installed('trivy', 'setInterval(() => {}, 1000)');
    const failing = rejection(scanner.scan(target, forever));
    await expect.poll(() => program.runs()).toHaveLength(1);
    await clock.advance(15 * 60_000);
    expect(await failing).toMatchObject({ code: 'SCANNER', message: 'trivy did not end within 15 minutes' });
  });

  it('kills the tool when the signal aborts, and starts none after that', async () => {
    const { scanner, program } = await installed('trivy', 'setInterval(() => {}, 1000)');
    const stop = new AbortController();
    const failing = rejection(scanner.scan(target, stop.signal));
    await expect.poll(() => program.runs()).toHaveLength(1);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await failing).toBe(reason);
    expect(await rejection(scanner.scan(target, stop.signal))).toBe(reason);
    expect(await program.runs()).toHaveLength(1);
  });
});
