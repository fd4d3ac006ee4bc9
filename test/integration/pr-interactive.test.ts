import { readFile, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { prWorld } from '../support/proposal/pr-world.ts';

const B = digestOfLabel('B');
const BRANCH = 'app-v2-image-promotion';
const FILE = 'registry/images/app/images.yaml';

describe('kpromo pr --interactive', () => {
  it('asks before every step', async () => {
    const { pr, hold, github, staging } = await prWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const none = await pr(['--tag=v2', '-i'], { stdin: 'n\ny\n' });
    expect([none.code, none.stderr]).toEqual([
      0,
      expect.stringContaining('Grow the manifests to add the new tags? (Y/n)'),
    ]);
    const kept = await pr(['--tag=v2', '-i'], { stdin: 'y\nno\ny\n' });
    expect([kept.code, kept.stdout]).toEqual([0, expect.stringContaining('nothing was pushed')]);
    expect(github.git('alice/promos', 'branch')).toBe('* main');
    const pushed = await pr(['--tag=v2', '-i'], { stdin: '\nwhat\nyes\nn\n\n' });
    expect([pushed.code, github.pulls]).toEqual([0, []]);
    expect(github.git('alice/promos', 'branch')).toContain(BRANCH);
    expect((await pr(['--tag=v2', '-i'], { stdin: '\n\n\n\n' })).stdout).toContain('opened: ');
    // without an answer nothing is done, and nothing is left behind
    const silent = await pr(['--tag=v2', '-i']);
    expect([silent.code, silent.stderr]).toEqual([0, expect.not.stringContaining('left untouched')]);
    const left = await pr(['--tag=v2', '-i'], { stdin: 'y\nn\nn\n' });
    const [, folder = ''] = /left untouched in (\/\S+kpromo-pr-\w+)/.exec(left.stderr) ?? [];
    expect(await readFile(`${folder}/clone/${FILE}`, 'utf8')).toContain(B);
    await rm(folder, { recursive: true });
  });
});
