import type { Narrator, RunEvent } from '../../../src/events.ts';
import type { Context } from '../../../src/pipeline/phase.ts';
import { rendering } from '../../../src/watch/log-lines/render.ts';
import { fakeClock } from '../fake-clock.ts';

/** A context for phases, and what they emit in it: log lines as `level message`, and other events. */
export type TestContext = {
  readonly context: Context & { readonly narrate: Narrator };
  readonly log: readonly string[];
  readonly events: readonly RunEvent[];
  abort(reason: Error): void;
};

/** A context whose clock passes waits at once. */
export function testContext(): TestContext {
  const log: string[] = [];
  const events: RunEvent[] = [];
  const controller = new AbortController();
  const narrate = (event: RunEvent): void =>
    void (event.type === 'log' ? log.push(`${event.level} ${event.message}`) : events.push(event));
  return {
    log,
    events,
    abort: (reason) => controller.abort(reason),
    context: { narrate, emit: rendering(narrate), clock: fakeClock({ skipWaits: true }), signal: controller.signal },
  };
}
