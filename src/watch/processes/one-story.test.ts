import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import type { RunEvent } from '../../events.ts';
import { oneStory, type OneStory } from './one-story.ts';

type World = {
  readonly clock: FakeClock;
  readonly story: OneStory;
  readonly events: RunEvent[];
  log(): readonly string[];
};

function world(processes = 2): World {
  const clock = fakeClock({ start: 0 });
  const events: RunEvent[] = [];
  const story = oneStory({ processes, clock, narrate: (event) => events.push(event) });
  const log = (): readonly string[] => events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
  return { clock, story, events, log };
}

const progress = (done: number, total: number): RunEvent => ({
  type: 'progress',
  unit: 'images',
  done,
  total,
  failed: 0,
});
const line = (message: string): RunEvent => ({ type: 'log', level: 'info', message });

/** Has a process begin its first phase, and the next one. */
function begin({ story }: World, process: number, index = 1, phase = 'setup'): void {
  if (index === 1) story.take(process, { type: 'pipeline-started', phases: 2 });
  story.take(process, { type: 'phase-started', phase, index, of: 2 });
}

function complete({ story }: World, process: number, phase = 'setup', problems = 0): void {
  story.take(process, { type: 'phase-completed', phase, ms: 1, problems, endsRun: false });
}

describe('src/watch/processes/one-story.ts', () => {
  it('logs a line that all processes have in common once, and as often as one process logs it', () => {
    const { story, log } = world();
    for (const process of [0, 1]) story.narrate(process, line('tree'));
    story.narrate(1, line('tree'));
    story.narrate(0, line('mine'));
    expect(log()).toEqual(['tree', 'tree', 'mine']);
  });

  it('logs nothing again that a restarted process repeats', () => {
    const { story, log } = world();
    story.narrate(0, line('tree'));
    story.restart(0);
    story.narrate(0, line('tree'));
    expect(log()).toEqual(['tree']);
  });

  it('starts a phase with the first process and ends it with the last', async () => {
    const one = world();
    begin(one, 0);
    complete(one, 0);
    await one.clock.advance(1500);
    begin(one, 0, 2, 'plan');
    expect(one.log()).toEqual(['Pipeline starting with 2 phases', 'Phase 1/2: setup', 'Phase 2/2: plan']);
    begin(one, 1);
    complete(one, 1);
    expect(one.log().at(-1)).toBe('Phase "setup" completed in 1.5s');
    const phases = one.events.filter(({ type }) => type.startsWith('phase-'));
    expect(phases.map((event) => [event.type, 'phase' in event && event.phase])).toEqual([
      ['phase-started', 'setup'],
      ['phase-ended', 'setup'],
      ['phase-started', 'plan'],
    ]);
  });

  it('reports the problems of the tree once, and adds those of shares', () => {
    const one = world();
    for (const process of [0, 1]) begin(one, process);
    for (const process of [0, 1]) complete(one, process, 'setup', 3);
    expect(one.log().at(-1)).toContain('with 3 problems');
    for (const process of [0, 1]) begin(one, process, 2, 'plan');
    for (const process of [0, 1]) complete(one, process, 'plan', 2);
    expect(one.log().at(-1)).toContain('with 4 problems');
  });

  it('adds counts of all processes, at the end of the phase if one does not count', () => {
    const one = world();
    for (const process of [0, 1]) begin(one, process);
    one.story.take(0, { type: 'destinations-listed', repositories: 3 });
    expect(one.log().at(-1)).toBe('Phase 1/2: setup');
    one.story.take(1, { type: 'destinations-listed', repositories: 4 });
    expect(one.log().at(-1)).toBe('Reading 7 registries (recursive: false)');
    one.story.take(0, { type: 'copies-planned', copies: 5 });
    complete(one, 0);
    one.story.end(1);
    expect(one.log().slice(-2)).toEqual(['5 copies needed', 'Phase "setup" completed in 0ms']);
  });

  it('adds the progress of the phase in which the slowest process is', () => {
    const one = world();
    for (const process of [0, 1]) begin(one, process);
    one.story.narrate(0, progress(2, 5));
    one.story.narrate(1, progress(1, 4));
    complete(one, 0);
    begin(one, 0, 2, 'plan');
    one.story.narrate(0, progress(9, 9));
    one.story.narrate(1, progress(4, 4));
    const told = one.events.flatMap((event) => (event.type === 'progress' ? [`${event.done}/${event.total}`] : []));
    expect(told).toEqual(['2/5', '3/9', '6/9']);
    complete(one, 1);
    expect(one.events.at(-1)).toMatchObject({ type: 'progress', done: 9, total: 9 });
  });

  it('waits for a restarted process, and not for one that has ended', () => {
    const one = world(3);
    for (const process of [0, 1, 2]) begin(one, process);
    complete(one, 0);
    one.story.restart(0);
    one.story.end(2);
    complete(one, 1);
    expect(one.log().at(-1)).toBe('Phase 1/2: setup');
    begin(one, 0);
    complete(one, 0);
    expect(one.log().at(-1)).toContain('Phase "setup" completed');
  });

  it('narrates a pause of a registry once', () => {
    const { story, events } = world();
    const pause = (until: number): RunEvent => ({
      type: 'registry-paused',
      registry: 'https://a.test',
      until: new Date(until).toISOString(),
    });
    story.narrate(0, pause(10_000));
    story.narrate(1, pause(10_300));
    story.narrate(1, pause(20_000));
    expect(events).toHaveLength(2);
  });

  it('ends a run when all processes have, with the reason of one that was stopped', () => {
    const one = world();
    for (const process of [0, 1]) begin(one, process);
    const ended = { type: 'run-ended', mode: 'promote', ms: 1 } as const;
    one.story.narrate(0, ended);
    expect(one.events.some(({ type }) => type === 'run-ended')).toBe(false);
    one.story.narrate(1, { ...ended, aborted: 'stopped by SIGTERM' });
    expect(one.events.at(-1)).toEqual({ ...ended, ms: 0, aborted: 'stopped by SIGTERM' });
  });
});
