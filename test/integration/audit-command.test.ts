import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DAY, NOON } from '../support/git.ts';
import { homeWith } from '../support/home.ts';
import {
  auditWorld,
  digestOf,
  ENTRIES,
  IMAGES,
  imagesText,
  type AuditWorld,
} from '../support/promotion/audit-world.ts';
import { PROMOTION_RECORD } from '../../src/attest/formats/record.ts';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { cip, kpromo } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

type World = AuditWorld & { readonly registries: readonly [TestRegistry, TestRegistry, TestRegistry] };

/** `signed`: the images that are promoted and signed; else all are there without a signature. */
async function world(options: RegistryOptions = { google: true }, signed: readonly string[] = []): Promise<World> {
  const registries = (await startRegistries(3, options)) as unknown as World['registries'];
  onTestFinished(async () => void (await Promise.all(registries.map((one) => one.close()))));
  const [staging, primary, mirror] = registries.map(({ host }) => host) as [string, string, string];
  const of =
    signed.length > 0
      ? { entries: Object.fromEntries(signed.map((name) => [name, ENTRIES[name] ?? []])) }
      : { stores: registries.slice(1).map(({ store }) => store) };
  return { ...(await auditWorld(staging, [primary, mirror], of)), registries };
}

const IMAGES_FILE = 'tree/images/one/images.yaml';
const errors = (log: readonly string[]): readonly string[] => log.filter((line) => /^(?:error|fatal) /.test(line));

/** Pushes an image that left the tree, and removes another one from one mirror. */
async function tamper({ production, mirrors }: AuditWorld): Promise<void> {
  await production.push(mirrors[1], 'prod/old', IMAGES.old, ['v0']);
  await production.remove(mirrors[1], 'prod/part', digestOf(IMAGES.part), 'v1');
}

describe('kpromo audit', () => {
  it('prints differences by image, with the entry, the places, the commit and what to do', async () => {
    const one = await world();
    await tamper(one);
    const [primary, mirror] = one.mirrors;
    const commit = one.tree.git('rev-parse', '--short=12', 'HEAD');
    const { code, stdout, summary, log } = await one.audit();
    expect(code).toBe(2);
    expect(stdout.split('\n').slice(0, 14)).toEqual([
      `${primary}/prod/part`,
      `  ${digestOf(IMAGES.part)}  ${join(one.tree.path, IMAGES_FILE)}:6`,
      '    PARTIAL     the image is complete on 1 of 2 mirrors',
      `                ${mirror}/prod/part:v1`,
      '',
      `${primary}/prod/old`,
      `  ${digestOf(IMAGES.old)}`,
      `    UNMANAGED   tag v0 left the tree with commit ${commit} of 2026-01-01 (a change); still in 1 place of production`,
      `                ${mirror}/prod/old:v0`,
      '',
      'What to do:',
      '  PARTIAL     kpromo cip --confirm promotes what is missing; if staging has lost it, remove the entry',
      '  UNMANAGED   delete it from production, add it to a manifest, or accept it in the baseline',
      '',
    ]);
    expect(stdout).toContain('7 images in 14 repositories compared: 1 PARTIAL, 1 UNMANAGED\n');
    expect(summary).toContain('Summary: 7 images in 14 repositories compared, 2 differences');
    expect(errors(log)).toEqual([]);
  });

  it('fails when a mirror cannot be read, and does not take it for whole', async () => {
    const one = await world();
    await tamper(one);
    one.registries[2].inject(({ path }) => (path.includes('/prod/gone/') ? { status: 403 } : undefined));
    const { code, stdout, log } = await one.audit();
    expect(code).toBe(1);
    expect(stdout).toContain('1 PARTIAL, 1 UNMANAGED');
    expect(errors(log)[0]).toContain(`reading registry ${one.mirrors[1]}`);
    const file = join(await homeWith({}), 'known.yaml');
    const written = await one.audit(`--write-baseline=${file}`);
    expect([written.code, errors(written.log)]).toEqual([
      1,
      expect.arrayContaining([`error ${file} is not written: not all of production could be read`]),
    ]);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  it('tells the differences of other mirrors when one is down', async () => {
    const one = await world();
    await one.production.push(one.mirrors[0], 'prod/old', IMAGES.old, ['v0']);
    await one.registries[2].close();
    const flags = ['audit', '--sign=false', '--manifests', join(one.tree.path, 'tree'), '--timeout=1s'];
    const { code, stdout, log } = await kpromo(flags, { env: { PATH: process.env['PATH'] ?? '' }, speed: 200 });
    expect([code, stdout]).toEqual([1, expect.stringContaining('compared: 1 UNMANAGED; not all could be read\n')]);
    expect(errors(log)[0]).toContain(`reading registry ${one.mirrors[1]}`);
  });

  it('does not take production for whole when it is stopped', async () => {
    const one = await world();
    const stop = new AbortController();
    one.registries[2].inject(() => {
      stop.abort(stopReason('SIGTERM'));
      return 'silent';
    });
    const file = join(await homeWith({}), 'audit.xml');
    const flags = ['--manifests', join(one.tree.path, 'tree'), '--sign=false', `--report=${file}`];
    const { code, stdout } = await kpromo(['audit', ...flags], { signal: stop.signal });
    expect([code, stdout]).toEqual([143, expect.stringContaining('no difference found; not all could be read')]);
    expect(await readFile(file, 'utf8')).not.toContain('production holds what the tree says');
  });

  it('says on how many mirrors an image is complete, and how many could not be read', async () => {
    const one = await world();
    await one.production.remove(one.mirrors[0], 'prod/part', digestOf(IMAGES.part), 'v1');
    one.registries[2].inject(({ path }) => (path.includes('/prod/part/') ? { status: 403 } : undefined));
    const { code, stdout } = await one.audit();
    expect(code).toBe(1);
    expect(stdout).toContain('PARTIAL     the image is complete on 0 of 2 mirrors, 1 of which could not be read\n');
  });

  it('writes a baseline that accepts all, and tells entries that expired or match nothing', async () => {
    const one = await world();
    await tamper(one);
    const file = join(await homeWith({}), 'known.yaml');
    expect((await one.audit(`--write-baseline=${file}`)).code).toBe(0);
    const known = await one.audit(`--baseline=${file}`);
    expect([known.code, known.stdout]).toEqual([
      0,
      expect.stringContaining('7 images in 14 repositories compared: 2 known\n'),
    ]);
    expect(known.stdout).toMatch(/1 PARTIAL \(until \d{4}-\d\d-\d\d\): not reviewed yet: .*\/prod\/part:v1\n/);

    await one.production.push(one.mirrors[1], 'prod/part', IMAGES.part, ['v1']);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/until: .*\n$/, 'until: 2026-01-01\n'));
    const later = await one.audit(`--baseline=${file}`);
    expect(later.code).toBe(2);
    expect(later.stdout).toContain(`${file}:5: matches no difference: PARTIAL`);
    expect(later.stdout).toContain(`${file}:11: expired on 2026-01-01: UNMANAGED`);

    await writeFile(file, 'version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, why: x, until: 2027-01-01}\n');
    const wrong = await one.audit(`--baseline=${file}`);
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toContain(`${file}:3:38: an entry of \\"known\\" has the unknown key \\"why\\"`);
  });

  it('compares only what the tree added since', async () => {
    const one = await world();
    await tamper(one);
    await one.production.remove(one.mirrors[1], 'prod/gone', digestOf(IMAGES.gone), 'v1', 'v1.0');
    const { part: _part, ...others } = ENTRIES;
    const { registries } = one;
    // part was there before, and gone is added again
    const { gone: _gone, ...without } = ENTRIES;
    await one.tree.commit({ [IMAGES_FILE]: imagesText(without) }, NOON + DAY);
    await one.tree.commit({ [IMAGES_FILE]: imagesText(ENTRIES) }, NOON + 3 * DAY);
    for (const { counters } of registries) counters.reset();
    expect(await one.codes('--since=2026-01-03')).toEqual(['PARTIAL prod/gone v1 v1.0']);
    // a list a mirror, and a look for each tag that is missing
    expect(registries.map(({ counters }) => counters.counts().kinds)).toEqual([
      {},
      { list: 1 },
      { list: 1, headManifest: 2 },
    ]);
    expect(Object.keys(others)).not.toContain('part');
    const { stdout } = await one.audit('--since=2026-01-03');
    expect(stdout).toContain('what no manifest names is not looked for (--since)');
  });

  it('does not guess whether an image left the tree', async () => {
    const one = await world();
    await one.production.push(one.mirrors[1], 'prod/old', IMAGES.old, ['v0']);
    await using clone = await one.tree.shallow(1);
    const { code, stdout } = await kpromo(['audit', '--sign=false', '--manifests', join(clone.path, 'tree')], {
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(code).toBe(2);
    expect(stdout).toContain(
      'EXTRA       tag v0 is in no manifest, but in 1 place of production; whether it left the tree is unknown, because the clone is shallow\n',
    );
    await one.tree.write({ [IMAGES_FILE]: imagesText({ ...ENTRIES, gone: ['v1'] }) });
    expect((await one.audit()).stdout).toContain('tag v1.0 left the tree with a change that is not committed');
  });

  it('names a registry that offers no way to find repositories, and fails for one that refuses', async () => {
    const one = await world({ catalog: false });
    await tamper(one);
    const { stdout } = await one.audit();
    expect(stdout).toContain(
      `repositories below ${one.mirrors[0]}/prod that no manifest names: ${one.mirrors[0]} has no catalog of its repositories`,
    );
    expect(await one.codes()).toEqual(['PARTIAL prod/part v1']);
    for (const registry of one.registries)
      registry.inject(({ path }) => (path.includes('_catalog') ? { status: 403 } : undefined));
    const refused = await one.audit();
    expect([refused.code, errors(refused.log)[0]]).toEqual([1, expect.stringContaining('--other-repositories=false')]);
    expect((await one.audit('--other-repositories=false')).code).toBe(2);
  });

  it('does not take staging for production where a destination is above it', async () => {
    const [registry] = await startRegistries(1);
    if (registry === undefined) throw new Error('no registry was started');
    onTestFinished(() => registry.close());
    storeImage(registry.store, 'staging/app', IMAGES.gone);
    const entries = [['app', digestOf(IMAGES.gone), 'v1']] as const;
    await using tree = await writeTree([
      { name: 'one', from: `${registry.host}/staging`, to: [registry.host], entries },
    ]);
    expect((await cip(['--manifests', tree.path, '--confirm', '--sign=false'])).code).toBe(0);
    expect((await kpromo(['audit', '--manifests', tree.path, '--sign=false'])).code).toBe(0);
  });

  it('finds a manifest without a tag with --untagged only, but not what is attached to an image', async () => {
    const one = await world();
    const { manifest } = IMAGES.part;
    const attached = buildImage({ seed: 899, artifactType: 'application/x.test', subject: manifest.descriptor });
    await one.production.push(one.mirrors[0], 'prod/part', attached);
    await one.production.push(one.mirrors[1], 'prod/part', IMAGES.old);
    expect(await one.codes()).toEqual([]);
    expect((await one.audit()).stdout).toMatch(/\d+ manifests without a tag not compared/);
    expect(await one.codes('--untagged')).toEqual(['EXTRA prod/part']);
  });

  it('takes a signature among the referrers for one, and expects no record of an image that is older', async () => {
    const one = await world({ google: true }, ['unsigned', 'part']);
    const { production, mirrors } = one;
    const [digest, tag] = [digestOf(IMAGES.unsigned), `${digestOf(IMAGES.unsigned).replace(':', '-')}.sig`];
    const signature = await production.read(mirrors[0], 'prod/unsigned', tag);
    await production.remove(mirrors[0], 'prod/unsigned', signature?.digest ?? '', tag);
    expect(await one.codes()).toEqual([]);
    await production.detach(mirrors[0], 'prod/unsigned', digest, PROMOTION_RECORD);
    expect(await one.codes()).toEqual(['UNRECORDED prod/unsigned v1']);
    expect(await one.codes('--sign=false')).toEqual([]);
    const older = await one.audit('--attestations-since=2100-01-01');
    expect([older.code, older.stdout]).toEqual([
      0,
      expect.stringContaining('promotion records are not expected of 2 images uploaded before 2100-01-01'),
    ]);
  });

  it('reads referrers that a registry lists without annotations', async () => {
    const one = await world({ referrers: 'bare' }, ['unrecorded']);
    expect(await one.codes()).toEqual([]);
  });

  it('writes every report, and JSON as the schemas say', async () => {
    const one = await world();
    await tamper(one);
    const folder = await homeWith({});
    const endings = ['json', 'md', 'html', 'xml'];
    const flags = endings.map((ending) => `--report=${join(folder, `audit.${ending}`)}`);
    const { code, stdout } = await one.audit('--output=json', ...flags);
    expect(code).toBe(2);
    const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { 'date-time': true } });
    const schemaOf = async (name: string): Promise<object> =>
      JSON.parse(await readFile(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')) as object;
    const read = (ending: string): Promise<string> => readFile(join(folder, `audit.${ending}`), 'utf8');
    const report = JSON.parse(await read('json')) as { outcome: string; mode: string; audit: object };
    expect(ajv.validate(await schemaOf('run-report'), report), JSON.stringify(ajv.errors)).toBe(true);
    expect(report).toMatchObject({ mode: 'audit', outcome: 'pending', audit: { images: 7, repositories: 14 } });
    const printed = JSON.parse(stdout) as { findings: readonly { code: string; commit?: object }[] };
    expect(ajv.validate(await schemaOf('audit'), printed), JSON.stringify(ajv.errors)).toBe(true);
    expect(printed).toMatchObject({ version: 1, complete: true, ...report.audit });
    expect(printed.findings.find((finding) => finding.code === 'UNMANAGED')?.commit).toMatchObject({
      subject: 'a change',
    });
    expect(await read('md')).toContain('| **PARTIAL** |');
    expect(await read('html')).toContain('"code":"UNMANAGED"');
    expect(await read('xml')).toMatch(
      /<testcase name="[^"]*prod\/old@sha256:[0-9a-f]+… v0 UNMANAGED".*<failure type="UNMANAGED"/,
    );
    expect(await read('xml')).toContain('tests="2" failures="2"');
  });

  it('refuses a tag that no registry can have', async () => {
    const one = await world({});
    one.registries[1].inject(({ path }) =>
      path.endsWith('/prod/part/tags/list')
        ? {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: '{"name":"prod/part","tags":["v1","../x"]}',
          }
        : undefined,
    );
    const { code, log } = await one.audit();
    expect([code, errors(log)[0]]).toEqual([1, expect.stringContaining('names "../x" as a tag')]);
  });

  it('is asked for a place', async () => {
    const { code, stderr } = await kpromo(['audit']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('name the manifest tree with --manifests PATH')]);
  });
});
