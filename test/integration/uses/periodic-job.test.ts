import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, runCli, type Ended } from '../../support/built-cli.ts';
import { writeTree, type WrittenTree } from '../../support/promotion/tree.ts';
import { digestOf, startWorld } from './world.ts';

const job = ({ path }: WrittenTree): Promise<Ended> =>
  runCli(['cip', '--manifests', '.', '--confirm', '--sign=false'], { cwd: path, env: { JOB_TYPE: 'periodic' } });

describe('kpromo cip --confirm --sign=false, as a periodic job', () => {
  beforeAll(ensureBuilt);

  it('promotes, and writes nothing the next time', async () => {
    await using world = await startWorld();
    await using tree = await writeTree([world.project('one', { v1: digestOf(1), v2: digestOf(2) })]);
    const first = await job(tree);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('Summary: 2 of 2 images promoted (4 references)\n');
    const expected = { v1: digestOf(1), v2: digestOf(2) };
    expect(world.tagsOn('prod/app')).toEqual([expected, expected]);
    expect(world.takeWrites()).not.toEqual([]);
    const second = await job(tree);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('msg="Nothing to promote."\n');
    expect(second.stderr).toContain('Summary: 2 images in the manifests, nothing to promote\n');
    expect(world.takeWrites()).toEqual([]);
  });

  it('fails when a mirror refuses, completes the other, and does only what is left the next time', async () => {
    await using world = await startWorld();
    await using tree = await writeTree([world.project('one', { v1: digestOf(1) })]);
    const [good, bad] = world.mirrors;
    const refusal = JSON.stringify({ errors: [{ code: 'DENIED', message: 'read only today' }] });
    bad?.inject(({ method }) =>
      /^(?:GET|HEAD)$/.test(method) ? undefined : { status: 403, body: refusal, readBody: true },
    );
    const first = await job(tree);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(`${bad?.host}: 1 reference not written`);
    expect(first.stderr.trimEnd().split('\n').at(-1)).toContain('level=fatal');
    expect(world.tagsOn('prod/app')).toEqual([{ v1: digestOf(1) }, {}]);
    bad?.inject(undefined);
    world.takeWrites();
    expect((await job(tree)).code).toBe(0);
    expect(world.tagsOn('prod/app')).toEqual([{ v1: digestOf(1) }, { v1: digestOf(1) }]);
    expect(good?.counters.log.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method))).toEqual([]);
  });

  it('refuses to promote unsigned without being told to', async () => {
    await using world = await startWorld();
    await using tree = await writeTree([world.project('one', { v1: digestOf(1) })]);
    const { code, stderr } = await runCli(['cip', '--manifests', '.', '--confirm'], { cwd: tree.path });
    expect(code).toBe(1);
    expect(stderr).toContain('disable signing with --sign=false');
    expect(world.all.map(({ counters }) => counters.counts().requests)).toEqual([0, 0, 0]);
  });
});
