import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { exchange } from './exchange.ts';
import type { Fetch } from './fetch.ts';
import type { OriginSettings, SettingsOf } from './origin-settings.ts';
import { redactUrl } from './redact.ts';
import { type Timeouts, timeoutsFrom } from './timeouts.ts';
import { connecting, type Connecting } from './transport-connect.ts';
import { askedOf, refusal } from './transport-proxy.ts';

export type TransportOptions = {
  readonly clock: Clock;
  /** Sockets for each origin; as many as requests are let through at once, or they would queue unseen. */
  readonly connections: number;
  readonly timeouts?: Partial<Timeouts>;
  /** How an origin is reached, where that differs from the above. */
  readonly settingsOf?: SettingsOf;
};

/**
 * An idle socket is kept this long, in milliseconds: across the pauses within one image, and shorter
 * than the minutes after which load balancers drop connections silently.
 */
const KEEP_ALIVE = 30_000;

/** The sockets of one origin. */
type Route = {
  readonly pool: Pool;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly timeouts: Timeouts;
  /** The proxy that answers in place of the origin when it refuses. */
  readonly proxy: URL | undefined;
};

/** Sends requests as they are, over HTTP/1.1 pools kept alive for each origin; every wait has a timeout on the clock. */
export function transport(options: TransportOptions): { readonly fetch: Fetch; close(): Promise<void> } {
  const { clock, settingsOf = () => ({}) } = options;
  timeoutsFrom(options.timeouts);
  const sockets = connecting(clock, settingsOf);
  const routes = new Map<string, Route>();
  let closed = false;

  const routeTo = ({ origin }: URL): Route => {
    const known = routes.get(origin);
    if (known !== undefined) return known;
    const url = new URL(origin);
    const route = openRoute(url, settingsOf(url), sockets, options);
    routes.set(origin, route);
    return route;
  };

  return {
    fetch: async (request) => {
      if (closed) throw new Error('the HTTP transport is closed');
      const { dispatcher, timeouts, proxy } = routeTo(request.url);
      const response = await exchange(dispatcher, request, { clock, timeouts });
      if (proxy === undefined || response.status !== 407) return response;
      await response.body.discard();
      throw refusal(407, `${request.method} ${redactUrl(request.url)}`, proxy);
    },
    close: async () => {
      closed = true;
      sockets.close();
      await Promise.all([...routes.values()].map(({ pool }) => pool.destroy()));
      routes.clear();
    },
  };
}

function openRoute(origin: URL, settings: OriginSettings, sockets: Connecting, options: TransportOptions): Route {
  const timeouts = timeoutsFrom({ ...options.timeouts, ...settings.timeouts });
  const proxy = origin.protocol === 'http:' ? settings.proxy : undefined;
  const pool = new Pool(proxy?.origin ?? origin.origin, {
    connections: settings.connections ?? options.connections,
    pipelining: 1,
    allowH2: false,
    connect: sockets.connectorFor(origin, settings, timeouts.connect),
    // Our own timeouts, on our clock, tell stages apart; undici's must not fire first.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE,
  });
  return { pool, dispatcher: proxy === undefined ? pool : askedOf(proxy, pool), timeouts, proxy };
}
