import type { Narrator, RunEvent } from '../../events.ts';
import type { Emit, PhaseEvent } from '../../pipeline/phase-events.ts';
import { FAILURES } from './failures.ts';
import { PLAN } from './plan.ts';
import { PROMOTE } from './promote.ts';
import { PROPOSAL } from './proposal.ts';
import { PROVENANCE } from './provenance.ts';
import type { Renderers } from './renderers.ts';
import { REPLICATION } from './replication.ts';
import { RUN } from './run.ts';
import { SETUP } from './setup.ts';
import { SIGCHECK } from './sigcheck.ts';
import { SIGNING } from './signing.ts';
import { SNAPSHOT } from './snapshot.ts';

/** All of them; the compiler demands one for each event. */
const RENDERERS: Renderers = {
  ...RUN,
  ...FAILURES,
  ...SETUP,
  ...PLAN,
  ...PROVENANCE,
  ...PROMOTE,
  ...SIGNING,
  ...REPLICATION,
  ...SIGCHECK,
  ...SNAPSHOT,
  ...PROPOSAL,
};

/**
 * Returns what phases emit to: it renders their events as log lines and public events, and passes public ones on. Omits
 * events of phases that `take` accepts.
 */
export function rendering(narrate: Narrator, take: (event: PhaseEvent) => boolean = () => false): Emit {
  return (event) => {
    if (!isOfPhase(event)) return narrate(event);
    if (take(event)) return;
    for (const one of rendered(event)) narrate(one);
  };
}

/** Returns the log lines and public events of an event. */
export function rendered(event: PhaseEvent): Iterable<RunEvent> {
  const render = RENDERERS[event.type] as (event: PhaseEvent) => Iterable<RunEvent>;
  return render(event);
}

function isOfPhase(event: Parameters<Emit>[0]): event is PhaseEvent {
  return Object.hasOwn(RENDERERS, event.type);
}
