// A process that serves its memory, with a fresh one for each world that a message names.
import { realClock } from '../../src/clock.ts';
import { memoryLeases } from '../../src/processes/memory-leases.ts';
import { memoryRateStore } from '../../src/processes/memory-rate-store.ts';
import { portOf } from '../../src/processes/port.ts';
import { serve, type SharedMemory } from '../../src/processes/serve.ts';
import { part, type Addressed } from './memory-server.ts';

const whole = portOf(process);
const worlds = new Map<string, SharedMemory>();
const served = new Set<string>();

whole.onMessage((received) => {
  const { world, connection, message } = received as Addressed;
  const memory = worlds.get(world) ?? {
    rates: memoryRateStore(realClock()),
    leases: memoryLeases(realClock()),
  };
  worlds.set(world, memory);
  const name = `${world} ${connection}`;
  if (served.has(name)) return;
  served.add(name);
  const { port, receive } = part(whole, { world, connection });
  serve(memory, port);
  // The first message came before there was anybody to receive it.
  receive(message);
});
