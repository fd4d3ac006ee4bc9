import { describe, expect, it, onTestFinished } from 'vitest';
import { ATTACKS } from '../support/hostile/attacks.ts';
import { startHostile, type HostileServer } from '../support/hostile/server.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { digestOf, startWorld } from './uses/world.ts';

/** Promotes an honest project beside one whose staging registry attacks so. */
async function attacked(name: string): Promise<{ readonly run: CipRun; readonly evil: HostileServer }> {
  const attack = ATTACKS[name]?.();
  if (attack === undefined) throw new Error(`there is no attack "${name}"`);
  const [world, evil] = await Promise.all([startWorld(), startHostile(attack.answer)]);
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
  });
  await using tree = await writeTree([
    world.project('honest', { v1: digestOf(1) }),
    ...attack.projects(world, evil.host),
  ]);
  const run = await cip(['--confirm', '--sign=false', '--manifests', tree.path], { speed: 100 });
  expect(run.code).toBe(attack.exit);
  for (const tags of world.tagsOn('prod/app')) expect(tags).toMatchObject({ v1: digestOf(1) });
  return { run, evil };
}

const manifestsOf = ({ asked }: HostileServer): number =>
  asked.filter((line) => /^GET .*\/manifests\/sha256:/.test(line)).length;

describe('images that are made to fill the memory', () => {
  it('reads no image of an index that says that they are too large together', async () => {
    const { run, evil } = await attacked('an index of 500 images of 4 MiB');
    expect(run.stderr).toContain('consists of more than 32 MiB of manifests');
    expect(manifestsOf(evil)).toBeLessThanOrEqual(2);
  });

  it('reads few images of an index that tells wrong sizes', async () => {
    const { run, evil } = await attacked('an index that calls 500 images of 4 MiB small');
    expect(run.stderr).toMatch(/leads to sha256:\w+ of 100 bytes, which has 419430\d: clients refuse it/);
    expect(manifestsOf(evil)).toBeLessThanOrEqual(20);
  });

  it('parses no manifest with more values than any image needs', async () => {
    const { run } = await attacked('an index of seven images of countless values');
    expect(run.stderr).toContain('has more values than any image needs');
  });

  it('reads no more attestations of an image than are worth it', async () => {
    const { run, evil } = await attacked('150 attestations of 16 MiB');
    expect(run.stderr).toContain('1 image has something attached that cannot be verified here');
    expect(evil.asked.filter((line) => line.includes('/blobs/')).length).toBeLessThanOrEqual(10);
  });
});
