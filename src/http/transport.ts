import type { Socket } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { exchange } from './exchange.ts';
import type { Fetch } from './fetch.ts';
import { type Timeouts, timeoutsFrom } from './timeouts.ts';

export type TransportOptions = {
  readonly clock: Clock;
  /** Sockets for each origin; as many as requests are let through at once, or they would queue unseen. */
  readonly connections: number;
  readonly timeouts?: Partial<Timeouts>;
};

/**
 * An idle socket is kept this long, in milliseconds: across the pauses within one image, and shorter
 * than the minutes after which load balancers drop connections silently.
 */
const KEEP_ALIVE = 30_000;

/** Sends requests as they are, over HTTP/1.1 pools kept alive for each origin; every wait has a timeout on the clock. */
export function transport(options: TransportOptions): { readonly fetch: Fetch; close(): Promise<void> } {
  const { clock, connections } = options;
  const timeouts = timeoutsFrom(options.timeouts);
  const connect = connector(clock, timeouts.connect);
  const pools = new Map<string, Pool>();
  let closed = false;

  const poolFor = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      connect: connect.open,
      // Our own timeouts, on our clock, tell stages apart; undici's must not fire first.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE,
    });
    pools.set(origin, pool);
    return pool;
  };

  return {
    fetch: async (request) => {
      if (closed) throw new Error('the HTTP transport is closed');
      return exchange(poolFor(request.url.origin), request, { clock, timeouts });
    },
    close: async () => {
      closed = true;
      connect.close();
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

/** Opens sockets with a timeout on the clock; `close` gives up those that are still opening. */
function connector(clock: Clock, timeout: number): { readonly open: buildConnector.connector; close(): void } {
  const connect = buildConnector({ allowH2: false, timeout: 0 });
  const opening = new Set<Socket>();
  return {
    open: (options, callback) => {
      let cancel = (): void => {};
      // undici returns the socket, but its types do not say so.
      const socket = connect(options, (...result) => {
        cancel();
        opening.delete(socket);
        callback(...result);
      }) as unknown as Socket;
      opening.add(socket);
      cancel = clock.timer(timeout, () =>
        socket.destroy(
          new PromotionError(
            'TIMEOUT',
            `connecting to ${options.host ?? options.hostname}: no connection within ${timeout / 1000} s`,
            {
              hint: 'check that the host is up and that a firewall lets this machine through',
            },
          ),
        ),
      );
    },
    close: () => {
      for (const socket of opening) socket.destroy(new Error('the HTTP transport is closed'));
    },
  };
}
