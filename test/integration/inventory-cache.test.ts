import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/image/pattern.ts';
import { inventoryFile, readInventoryFile } from '../../src/plan/believed/file.ts';

import { cachedWorld, type CachedReport, type CachedWorld } from '../support/promotion/cached-world.ts';

let world: CachedWorld;
beforeEach(async () => {
  world = await cachedWorld();
});
afterEach(() => world.close());

const everything = (mirrors: readonly number[] = [0, 2]): string[] =>
  mirrors.flatMap((mirror) => world.names.map((name) => `${mirror}:${name}`));
const SAMPLE = ['0:app0', '2:app0'];

/** The runs that fill the cache: a promotion, and a later run that finds nothing to do. */
async function fill(): Promise<void> {
  await world.run({ at: 0 });
}

const codes = ({ report }: CachedReport): readonly string[] => report.failures.map(({ code }) => code);

describe('kpromo cip with --inventory-cache', () => {
  it('reads one repository of each registry while nothing changes, and reports what it believes', async () => {
    const first = await world.run({ at: 0 });
    expect(first.listed).toEqual(everything());
    expect(first.report.inventory).toEqual({ believed: 0, since: undefined, checked: 0, changed: 0, wrong: [] });
    const second = await world.run({ at: 1 });
    expect(second.listed).toEqual(SAMPLE);
    expect(second.report.totals).toMatchObject({ present: 12, pending: 0, copied: 0, failed: 0, repositories: 12 });
    expect(second.report.inventory).toMatchObject({ believed: 10, checked: 2, changed: 0, wrong: [] });
    expect(second.report.inventory?.since).toMatch(/^2026-01-01T12:00:0/);
    expect(second.log).toContainEqual(expect.stringMatching(/^info 10 repositories are not read: complete by the/));
    const dry = await world.run({ at: 2, mode: 'dry-run' });
    expect([dry.listed, dry.report.totals.present]).toEqual([SAMPLE, 12]);
  });

  it.each(['lose', 'move'] as const)(
    'finds a tag that somebody %ss within a day, in whichever repository',
    async (act) => {
      await fill();
      world[act](2, 'app3');
      const codesOf = act === 'lose' ? [] : ['TAG_MOVE'];
      const found: number[] = [];
      for (let at = 1; at <= 22; at += 7) {
        const run = await world.run({ at });
        if (run.report.totals.copied + run.report.failures.length === 0) continue;
        expect(codes(run)).toEqual(codesOf);
        found.push(at);
      }
      expect(found[0]).toBeLessThanOrEqual(22);
      // a tag that is still wrong is found by every later run, and one that was repaired is not found again
      expect(found.length > 1).toBe(act === 'move' && (found[0] ?? 0) < 22);
    },
  );

  it('reads everything once the sample shows that the cache is wrong, and reports it', async () => {
    await fill();
    world.lose(0, 'app2');
    world.move(2, 'app4');
    const run = await world.run({ at: 1, sampled: 'app2' });
    expect(run.listed).toEqual(everything());
    expect(run.report.totals.copied).toBe(1);
    expect(codes(run)).toEqual(['TAG_MOVE']);
    expect(run.report.inventory).toMatchObject({ believed: 0, checked: 2 });
    expect(run.report.inventory?.wrong).toEqual([expect.stringMatching(/prod\/app2$/)]);
    expect(run.log).toContainEqual(
      expect.stringMatching(/^warning the inventory cache is wrong about \S+\/prod\/app2: /),
    );
    // what was repaired is believed, what was not is read
    expect((await world.run({ at: 2 })).listed).toEqual([...SAMPLE, '2:app4'].toSorted());
  });

  it('counts other content of a repository that is still complete', async () => {
    await fill();
    await world.run({ at: 1, verifyAll: true });
    const { host } = world.mirrors[0] ?? { host: '' };
    world.mirrors[0]?.store.putManifest('prod/app0', 'extra', 'application/vnd.oci.image.index.v1+json', INDEX);
    const { report, listed } = await world.run({ at: 2 });
    expect([report.inventory, listed]).toEqual([expect.objectContaining({ changed: 1, wrong: [] }), SAMPLE]);
    expect(host).not.toBe('');
  });

  it('reads only the repositories of a new mirror, and of a changed entry each time it changes', async () => {
    await fill();
    const mirrors = [0, 2, 1];
    expect((await world.run({ at: 1, mirrors })).listed).toEqual([...SAMPLE, ...everything([1])].toSorted());
    const b = { ...Object.fromEntries(world.names.map((name) => [name, name])), app5: 'other' };
    const toB = await world.run({ at: 2, mirrors, images: b, mode: 'dry-run' });
    expect(toB.listed).toEqual(['0:app0', '0:app5', '1:app0', '1:app5', '2:app0', '2:app5']);
    const back = await world.run({ at: 3, mirrors });
    expect([back.listed, codes(back)]).toEqual([toB.listed, []]);
    expect((await world.run({ at: 4, mirrors })).listed).toEqual(['0:app0', '1:app0', '2:app0']);
  });

  it('reads everything with --verify-all, and once a day', async () => {
    await fill();
    expect((await world.run({ at: 1, verifyAll: true })).listed).toEqual(everything());
    const spread = await world.run({ at: 18 });
    expect(spread.listed.length).toBeGreaterThan(2);
    expect(spread.listed.length).toBeLessThan(12);
    expect((await world.run({ at: 48 })).listed).toEqual(everything());
  });

  it.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), /not JSON/],
    ['random', (bytes: Buffer) => bytes.map((_, index) => (index * 7919) % 256), /not JSON/],
  ])('reads everything if the cache is %s, and replaces it', async (_, damage, reason) => {
    await fill();
    world.lose(0, 'app3');
    await writeFile(world.file, damage(await readFile(world.file)));
    const run = await world.run({ at: 1 });
    expect([run.listed, run.report.totals.copied]).toEqual([everything(), 1]);
    expect(run.log[0]).toMatch(/^warning the inventory cache \S+inventory\.json /);
    expect(run.log[0]).toMatch(reason);
    expect((await world.run({ at: 2 })).listed).toEqual(SAMPLE);
  });

  it('reads the repositories that a shrunken cache lacks', async () => {
    await fill();
    const bytes = await readFile(world.file);
    const { scope } = JSON.parse(bytes.toString()) as { scope: string };
    const entries = readInventoryFile(bytes, scope);
    if (typeof entries === 'string') throw new Error(entries);
    await writeFile(world.file, inventoryFile(new Map([...entries].slice(0, 6)), scope));
    const { listed, report } = await world.run({ at: 1 });
    expect([listed.length, report.inventory?.believed]).toEqual([7, 5]);
    expect((await world.run({ at: 2 })).listed).toEqual(SAMPLE);
  });

  it('keeps the entries of repositories that a run on another tree does not read', async () => {
    await fill();
    await world.run({ at: 1, mirrors: [2], images: { app1: 'app1' } });
    expect((await world.run({ at: 2 })).listed).toEqual(SAMPLE);
  });

  it.each([
    ['another address of the registry', { insecure: true }],
    ['other credentials', { credentials: 'docker' as const }],
    ['another proxy', { proxy: 'none' as const }],
  ])('reads everything with %s', async (_, settings) => {
    await fill();
    const registries = [{ match: compilePattern('127.0.0.1:*'), limits: { start: 5000, burst: 100 }, ...settings }];
    const run = await world.run({ at: 1, config: { publicNames: [], attachments: [], registries } });
    expect(run.listed).toEqual(everything());
    expect(run.log[0]).toMatch(/was written with another registry configuration/);
  });

  it.each([-24, -1, 1, 24])('neither uses nor writes the cache if its clock is %i hours ahead', async (ahead) => {
    await fill();
    world.lose(0, 'app3');
    const before = await readFile(world.file, 'utf8');
    const run = await world.run({ at: 3, ahead });
    expect([run.listed, run.report.totals.copied]).toEqual([everything(), 1]);
    expect(run.log.some((line) => line.startsWith('warning most registries show another time'))).toBe(true);
    expect(await readFile(world.file, 'utf8')).toBe(before);
  });

  it('does not believe an entry of the future, of a clock that was wrong', async () => {
    world.hideTimes();
    await world.run({ at: 0, ahead: 24 });
    world.lose(0, 'app3');
    const run = await world.run({ at: 1 });
    expect([run.listed, run.report.totals.copied]).toEqual([everything(), 1]);
    expect((await world.run({ at: 2 })).listed).toEqual(SAMPLE);
  });

  it('reads all of a registry that refuses a repository which the cache has', async () => {
    await fill();
    world.mirrors[0]?.inject(({ kind }) => (kind === 'list' ? { status: 403 } : undefined));
    const run = await world.run({ at: 1 });
    expect(run.report.registries.find(({ host }) => host === world.mirrors[0]?.host)).toMatchObject({ unread: 6 });
    expect(run.report.inventory?.believed).toBe(5);
    world.mirrors[0]?.inject(undefined);
    expect((await world.run({ at: 2 })).listed).toEqual([...everything([0]), '2:app0']);
  });

  it('does not believe that a repository is complete to which a write failed', async () => {
    world.mirrors[0]?.inject(({ kind, repository }) =>
      kind === 'putManifest' && repository === 'prod/app3' ? { status: 403 } : undefined,
    );
    expect(codes(await world.run({ at: 0 }))).toEqual(['DENIED']);
    world.mirrors[0]?.inject(undefined);
    const run = await world.run({ at: 1 });
    expect([run.listed, run.report.totals.copied]).toEqual([['0:app0', '0:app3', '2:app0'], 1]);
  });

  it('believes only what was complete when a run was stopped', async () => {
    await world.run({ at: 0, images: { app0: 'app0', app1: 'app1' } });
    const stop = new AbortController();
    world.mirrors[0]?.inject(({ kind }) => {
      if (kind === 'putManifest') stop.abort(new Error('SIGTERM'));
      return undefined;
    });
    const stopped = await world.run({ at: 1, signal: stop.signal });
    expect(stopped.report.run.aborted).toBeDefined();
    world.mirrors[0]?.inject(undefined);
    const run = await world.run({ at: 2 });
    expect(codes(run)).toEqual([]);
    expect(run.listed).toContain('0:app2');
    expect((await world.run({ at: 3, verifyAll: true })).report.totals).toMatchObject({ present: 12, copied: 0 });
  });
});

const INDEX = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}');
