import type { Narrator, RunEvent } from '../../events.ts';
import type { Emit, PhaseEvent } from '../../pipeline/phase-events.ts';
import { PROMOTE } from './promote.ts';
import type { Renderers } from './renderers.ts';
import { RUN } from './run.ts';

/** All of them; the compiler demands one for each event. */
const RENDERERS: Renderers = { ...RUN, ...PROMOTE };

/** Returns what phases emit to: it renders their events as log lines and public events, and passes public ones on. */
export function rendering(narrate: Narrator): Emit {
  return (event) => {
    if (!isOfPhase(event)) return narrate(event);
    for (const one of rendered(event)) narrate(one);
  };
}

function rendered(event: PhaseEvent): Iterable<RunEvent> {
  const render = RENDERERS[event.type] as (event: PhaseEvent) => Iterable<RunEvent>;
  return render(event);
}

function isOfPhase(event: Parameters<Emit>[0]): event is PhaseEvent {
  return Object.hasOwn(RENDERERS, event.type);
}
