import { describe, expect, it } from 'vitest';
import { FACTS, image, target } from '../../test/support/report-parts.ts';
import { stoppedProblem } from './stopped.ts';

const done = image('done', 0, [target('a.io/prod', 'done', 'v1')]);
const begun = image('begun', 1, [
  target('a.io/prod', 'begun', 'v1', { action: 'unknown', code: 'ABORTED', reason: 'the run was stopped' }),
]);
const left = image('left', 2, [target('a.io/prod', 'left', 'v1', { pending: true, attempts: 0 })]);
const failed = image('failed', 3, [target('a.io/prod', 'failed', 'v1', { action: 'failed', code: 'DENIED' })]);

describe('src/report/stopped.ts', () => {
  it('returns one problem for a stopped run, with the number of unfinished images', () => {
    const run = { ...FACTS, aborted: 'stopped by SIGINT' };
    expect(stoppedProblem(run, [done, begun, left, failed])).toEqual([
      {
        phase: 'attest',
        code: 'ABORTED',
        message: 'stopped by SIGINT: 2 images not done',
        hint: 'run the same command again; it continues where it stopped',
      },
    ]);
  });

  it('omits the number without a plan, and returns nothing for other runs', () => {
    const { phases: _phases, ...early } = { ...FACTS, aborted: 'stopped by SIGTERM' };
    expect(stoppedProblem(early, [])).toMatchObject([{ phase: 'setup', message: 'stopped by SIGTERM' }]);
    expect(stoppedProblem(FACTS, [left])).toEqual([]);
  });
});
