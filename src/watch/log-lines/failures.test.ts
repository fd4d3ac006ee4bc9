import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import type { Failure } from '../../errors.ts';
import { failureLine } from './failures.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const at = { file: 'images/p/images.yaml', line: 3, column: 5 };
const failure: Failure = { phase: 'plan', code: 'LOST', message: 'it is _LOST_' };

describe('src/watch/log-lines/failures.ts', () => {
  it.each([
    [failure, 'it is _LOST_'],
    [{ ...failure, hint: 'look' }, 'it is _LOST_; look'],
    [{ ...failure, at }, 'images/p/images.yaml:3:5: it is _LOST_'],
    [{ ...failure, refs: ['b.test/app', 'c.test/app'] }, 'it is _LOST_ (and 1 more destination)'],
    [
      {
        ...failure,
        at,
        hint: 'look',
        source: `a.test/app@${DIGEST}`,
        refs: ['b.test/app:v1', 'b.test/app:v2', 'c.test/app:v1'],
      },
      `edge a.test/app@${DIGEST} -> b.test/app:v1: it is _LOST_ (and 2 more destinations) [images/p/images.yaml:3:5]; look`,
    ],
  ] satisfies [Failure, string][])('prints a failure on one line', (given, line) => {
    expect(failureLine(given)).toBe(line);
  });

  it('logs each failure as an error, and emits its public event', () => {
    const { context, log, events } = testContext();
    context.emit({ type: 'failures', failures: [failure, { ...failure, at }] });
    expect(log).toEqual(['error it is _LOST_', 'error images/p/images.yaml:3:5: it is _LOST_']);
    const told = { type: 'failed', phase: failure.phase, code: failure.code, message: failure.message };
    expect(events).toEqual([told, { ...told, file: at.file, line: 3 }]);
  });

  it('logs as an error only the first failure of a cause, and emits a public event for each', () => {
    const { context, log, events } = testContext();
    const away = (image: string): Failure => ({
      phase: 'promote',
      code: 'NETWORK',
      message: `GET http://b.test/v2/${image}/manifests/v1: connect ECONNREFUSED`,
      image,
      digest: DIGEST,
    });
    context.emit({ type: 'failures', failures: [away('one'), away('two'), away('three')] });
    expect(log[0]).toMatch(/^error .*\/v2\/one\/.* \(the same for 2 more\)$/);
    expect(log.slice(1).every((line) => line.startsWith('debug '))).toBe(true);
    expect(events).toHaveLength(3);
  });
});
