import { describe, expect, it } from 'vitest';
import { runStopped, UNHARMED } from '../support/stopped-process.ts';

/** Longer than a busy machine takes for a round trip on loopback. */
const TIMEOUT = 600;

describe('a process that does not run for longer than its timeouts', () => {
  // Whether a process is stopped is read from /proc.
  it.skipIf(process.platform !== 'linux')('reads the answers that came while it was stopped', async () => {
    expect(await runStopped({ how: 'stopped', ms: 2 * TIMEOUT, timeout: TIMEOUT })).toEqual(UNHARMED);
  });

  it('reads the answers that came while it computed', async () => {
    expect(await runStopped({ how: 'computes', ms: 2 * TIMEOUT, timeout: TIMEOUT })).toEqual(UNHARMED);
  });
});
