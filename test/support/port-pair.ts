import type { Clock } from '../../src/clock.ts';
import type { Port } from '../../src/processes/port.ts';

/** Milliseconds in which a message reaches another process of the same machine that is not busy. */
const LATENCY = 0.2;

/** Two ends of a channel on this clock: messages pass as JSON, as between two processes. */
export function portPair(clock: Clock): readonly [Port, Port] {
  const receivers = [new Set<(message: unknown) => void>(), new Set<(message: unknown) => void>()] as const;
  const end = (mine: 0 | 1): Port => ({
    send: (message) => {
      const text = JSON.stringify(message);
      clock.timer(LATENCY, () => {
        for (const receive of receivers[mine === 0 ? 1 : 0]) receive(JSON.parse(text));
      });
    },
    onMessage: (receive) => {
      receivers[mine].add(receive);
      return () => void receivers[mine].delete(receive);
    },
    lost: new Promise(() => {}),
  });
  return [end(0), end(1)];
}
