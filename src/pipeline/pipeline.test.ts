import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { Failure } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { rendering } from '../watch/log-lines/render.ts';
import type { Context, Output, Phase, PhaseName } from './phase.ts';
import { failuresOf, pipeline, type Pipeline } from './pipeline.ts';
import type { PhaseTime } from './timeline.ts';

type Told = { readonly context: Context; readonly lines: string[]; readonly events: RunEvent[]; stop(): void };

function told(): Told {
  const lines: string[] = [];
  const abort = new AbortController();
  const clock = fakeClock({ skipWaits: true });
  const events: RunEvent[] = [];
  const narrate = (event: RunEvent): void =>
    void (event.type === 'log' ? lines.push(event.message) : events.push(event));
  return {
    lines,
    events,
    context: { clock, emit: rendering(narrate), signal: abort.signal },
    stop: () => abort.abort(new Error('stopped')),
  };
}

type Named = { readonly failures: readonly []; readonly after: string };

const adding = <Name extends PhaseName>(name: Name, during?: () => void): Phase<object, Name, Named> => ({
  name,
  gives: name,
  run: async (outputs, { clock }) => {
    await clock.wait(1_200);
    during?.();
    return { failures: [], after: Object.keys(outputs).join(' ') };
  },
});

type Three = { readonly setup: Named; readonly plan: Named; readonly promote: Named };

const three = (during?: () => void): Pipeline<Three> =>
  pipeline(adding('setup', during)).pipe(adding('plan')).pipe(adding('promote'));

describe('src/pipeline/pipeline.ts', () => {
  it('passes each phase the outputs of all before it', async () => {
    expect(await three().run(told().context, 'promote')).toEqual({
      setup: { failures: [], after: '' },
      plan: { failures: [], after: 'setup' },
      promote: { failures: [], after: 'setup plan' },
    });
  });

  it('does not compile if a phase needs an output that none before gives', async () => {
    const needy: Phase<{ readonly setup: Named; readonly plan: Named }, 'promote', Named> = adding('promote');
    // @ts-expect-error nothing gives a plan
    const phases = pipeline(adding('setup')).pipe(needy);
    expect(Object.keys(await phases.run(told().context, 'promote'))).toEqual(['setup', 'promote']);
  });

  it('returns all failures in the order of the phases', () => {
    const failure = (message: string): Failure => ({ phase: 'plan', code: 'LOST', message });
    const [one, two] = [failure('one'), failure('two')];
    expect(failuresOf({ setup: { failures: [one] }, plan: undefined, promote: { failures: [two] } })).toEqual([
      one,
      two,
    ]);
  });

  it("tells what runs in upstream's words", async () => {
    const { context, lines } = told();
    await three().run(context, 'promote');
    expect(lines).toEqual([
      'Pipeline starting with 3 phases',
      'Phase 1/3: setup',
      'Phase "setup" completed in 1.2s',
      'Phase 2/3: plan',
      'Phase "plan" completed in 1.2s',
      'Phase 3/3: promote',
      'Phase "promote" completed in 1.2s',
      'Pipeline completed in 3.6s',
    ]);
  });

  it('stops after the given phase', async () => {
    const { context, lines } = told();
    expect(Object.keys(await three().run(context, 'plan'))).toEqual(['setup', 'plan']);
    expect(lines.slice(-2)).toEqual(['Phase "plan" requested pipeline stop', 'Pipeline completed in 2.4s']);
  });

  const failing = <Name extends PhaseName>(name: Name, problems: number): Phase<object, Name, Output> => ({
    name,
    gives: name,
    run: async () => ({
      failures: Array.from({ length: problems }, () => ({ phase: name, code: 'LOST', message: 'x' })),
    }),
  });

  it('ends after a phase that leaves nothing to do', async () => {
    const { context, lines } = told();
    const last = { ...failing('setup', 1), isLast: ({ failures }: Output) => failures.length === 1 };
    await pipeline(last).pipe(failing('plan', 1)).run(context, 'plan');
    expect(lines.slice(1)).toEqual(['Phase 1/2: setup', 'Phase "setup" ended the run after 0ms with 1 problem']);
  });

  it('logs the number of problems of each phase and of the run', async () => {
    const { context, lines } = told();
    const phases = pipeline(failing('setup', 1)).pipe(failing('plan', 0)).pipe(failing('promote', 2));
    await phases.run(context, 'promote');
    expect(lines.filter((line) => / in /.test(line))).toEqual([
      'Phase "setup" completed in 0ms with 1 problem',
      'Phase "plan" completed in 0ms',
      'Phase "promote" completed in 0ms with 2 problems',
      'Pipeline completed in 0ms with 3 problems',
    ]);
  });

  it('starts no phase after a stop, and has returned the outputs before', async () => {
    const { context, lines, stop } = told();
    const outputs: unknown[] = [];
    const run = three(stop).run(context, 'promote', (output) => outputs.push(output));
    await expect(run).rejects.toThrow('stopped');
    expect(outputs).toEqual([{ setup: { failures: [], after: '' } }]);
    expect(lines.at(-1)).toBe('Phase "setup" completed in 1.2s');
  });

  it('throws the error of a phase', async () => {
    const buggy = three(() => {
      throw new Error('a bug');
    });
    await expect(buggy.run(told().context, 'promote')).rejects.toThrow('a bug');
  });

  it('reports when each phase ran, and how the last one ended', async () => {
    const { context } = told();
    const times: PhaseTime[] = [];
    const onPhase = (time: PhaseTime): unknown => times.push(time);
    const start = context.clock.now();
    await three().run(context, 'plan', undefined, onPhase);
    const broken = pipeline(
      adding('setup', () => {
        throw new Error('a bug');
      }),
    );
    await expect(broken.run(context, 'setup', undefined, onPhase)).rejects.toThrow('a bug');
    expect(times).toEqual([
      { name: 'setup', start, ms: 1_200, ended: 'done' },
      { name: 'plan', start: start + 1_200, ms: 1_200, ended: 'done' },
      { name: 'setup', start: start + 2_400, ms: 1_200, ended: 'broken' },
    ]);
  });

  it('emits the start and end of each phase, also of a broken one', async () => {
    const { context, events } = told();
    const broken = (): void => {
      throw new Error('broken');
    };
    await three().run(context, 'plan');
    await expect(three(broken).run(context, 'plan')).rejects.toThrow('broken');
    expect(events).toEqual([
      { type: 'phase-started', phase: 'setup', index: 1, of: 3 },
      { type: 'phase-ended', phase: 'setup', ms: 1200, ended: 'done' },
      { type: 'phase-started', phase: 'plan', index: 2, of: 3 },
      { type: 'phase-ended', phase: 'plan', ms: 1200, ended: 'done' },
      { type: 'phase-started', phase: 'setup', index: 1, of: 3 },
      { type: 'phase-ended', phase: 'setup', ms: 1200, ended: 'broken' },
    ]);
  });
});
