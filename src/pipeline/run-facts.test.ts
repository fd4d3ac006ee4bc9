import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { factsOf } from './run-facts.ts';

describe('src/pipeline/run-facts.ts', () => {
  it('counts the start of phases from the start of the run', async () => {
    const clock = fakeClock({ skipWaits: true });
    const context = { clock, emit: () => undefined, signal: new AbortController().signal };
    const facts = await factsOf({ version: '1', mode: 'promote' }, context, async (onPhase) => {
      const start = clock.now();
      await clock.wait(50);
      onPhase({ name: 'plan', start: start + 10, ms: 40, ended: 'done' });
    });
    expect(facts).toEqual({
      version: '1',
      mode: 'promote',
      started: '2026-01-01T12:00:00.000Z',
      ms: 50,
      phases: [{ name: 'plan', start: 10, ms: 40, ended: 'done' }],
    });
  });

  it('emits the start and end of a run, and the reason of an early end', async () => {
    const controller = new AbortController();
    const events: unknown[] = [];
    const clock = fakeClock({ skipWaits: true });
    const context = { clock, emit: (event: unknown) => void events.push(event), signal: controller.signal };
    await factsOf({ version: '1', mode: 'promote' }, context, async () => {
      await clock.wait(50);
      controller.abort(new Error('stopped by SIGINT'));
      controller.signal.throwIfAborted();
    });
    expect(events).toEqual([
      { type: 'run-started', mode: 'promote', version: '1' },
      { type: 'run-ended', mode: 'promote', ms: 50, aborted: 'stopped by SIGINT' },
    ]);
  });
});
