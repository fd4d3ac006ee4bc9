import { describe, expect, it, onTestFinished } from 'vitest';
import { HOSTILE_LISTINGS, HOSTILE_REFERRERS, longListings, LOOPS } from '../support/hostile/listings.ts';
import { startHostile, type HostileAnswer, type HostileServer } from '../support/hostile/server.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { withImage } from '../support/hostile/images.ts';
import { digestOf, imageOf, startWorld, type World } from './uses/world.ts';

const CONFIRM = ['--confirm', '--sign=false'];

/** A world with one more registry, which lies. */
async function opened(answer: HostileAnswer): Promise<{ readonly world: World; readonly evil: HostileServer }> {
  const [world, evil] = await Promise.all([startWorld(), startHostile(answer)]);
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
  });
  return { world, evil };
}

/** What goes by time is made faster; what goes by size is not, as the server shares our process and would seem silent. */
const speedOf = (name: string): number => (name.includes('without an end') ? 100 : 1);

async function run(world: World, evil: ProjectSpec, speed = 1): Promise<CipRun> {
  await using tree = await writeTree([world.project('honest', { v1: digestOf(1) }), evil]);
  return await cip([...CONFIRM, '--manifests', tree.path], { speed });
}

function answerOf(name: string): HostileAnswer {
  const { answer } = HOSTILE_LISTINGS[name] ?? {};
  if (answer === undefined) throw new Error(`there is no listing "${name}"`);
  return answer;
}

/** The honest project is on every mirror. */
function expectHonest(world: World): void {
  expect(world.tagsOn('prod/app')).toEqual(world.mirrors.map(() => ({ v1: digestOf(1) })));
}

/** The test of staging reads one of 129 MiB, and `pages.test.ts` shows the limit of pages; the bench reads all, and several in one run. */
const LEFT_OUT = new Set(['129 MiB of tags', '129 MiB of images', 'pages without an end']);
const LISTINGS = [
  ...Object.entries(HOSTILE_LISTINGS).filter(([name]) => !LEFT_OUT.has(name)),
  ['pages in a loop', { answer: LOOPS.tags, says: /in a loop: .* came twice/ }] as const,
];

describe('a registry whose listings are made to fill the memory, or never end', () => {
  it.each(LISTINGS)('is refused by name as a destination: %s', async (name, { answer, says }) => {
    const { world, evil } = await opened(answer);
    const to = [`${evil.host}/prod`];
    const { code, stderr } = await run(world, { ...world.project('evil', { v1: digestOf(2) }), to }, speedOf(name));
    expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
    expect(stderr).toContain(`${evil.host}/prod/app`);
    expectHonest(world);
    expect(evil.asked.filter((line) => line.endsWith('/tags/list')).length).toBeLessThanOrEqual(3_000);
  });

  it('is refused by name as staging', async () => {
    const { world, evil } = await opened(answerOf('129 MiB of images'));
    const entries = Array.from({ length: 8 }, (_, index) => ['app', `sha256:${String(index).repeat(64)}`] as const);
    const project = { ...world.project('evil', {}), from: `${evil.host}/staging`, entries };
    const { code, stderr } = await run(world, project);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/list of .*\/staging\/app exceeds/)]);
    expectHonest(world);
  });

  it('is refused by name where its catalog leads in a loop', async () => {
    const { evil } = await opened(LOOPS.catalog);
    const { code, stderr } = await cip([`--snapshot=${evil.host}`]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the contents of ${evil.host} in a loop`)]);
  });
});

describe('a registry of which each list is within its limit', () => {
  it('is refused by name where a run would keep more of all lists than it can hold', async () => {
    const { evil } = await opened(longListings(3));
    const { code, stderr } = await cip([`--snapshot=${evil.host}`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/exceed the limit of a run: 500000 tags and digests/)]);
  });
});

describe('a registry whose lists of referrers never end, or fill the memory', () => {
  it.each([
    ['150,000 on one page', HOSTILE_REFERRERS['150,000 on one page']?.answer, 0],
    ['pages in a loop', LOOPS.referrers, 1],
  ] as const)('ends nothing but its own image: %s', async (name, answer = LOOPS.referrers, wanted) => {
    const { world, evil } = await opened(withImage(imageOf(3), answer));
    const project = { ...world.project('evil', { v3: digestOf(3) }), from: `${evil.host}/staging` };
    const run3 = await run(world, project, speedOf(name));
    expect(run3.code).toBe(wanted);
    if (wanted === 1) expect(run3.stderr).toContain(`${evil.host}/staging/app in a loop`);
    expect(run3.stderr).not.toMatch(/RangeError|INTERNAL/);
    for (const tags of world.tagsOn('prod/app')) expect(tags).toMatchObject({ v1: digestOf(1) });
  });
});
