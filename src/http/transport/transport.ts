import type { LookupFunction } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import { addressAdvice, addressProblem } from './addresses.ts';
import { exchange } from './exchange.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import type { OriginSettings, SettingsOf } from './origin-settings.ts';
import { redactUrl } from '../redact.ts';
import { type Timeouts, timeoutsFrom } from './timeouts.ts';
import { connecting, type Connecting } from './connect.ts';
import { type Places, places, type Reach } from './lookup.ts';
import { throughProxy, refusal } from './tunnel.ts';

export type TransportOptions = {
  readonly clock: Clock;
  /**
   * Maximum number of sockets for each origin; as many as the permitted concurrent requests, or requests would queue
   * unseen.
   */
  readonly connections: number;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Settings of an origin that override the above. */
  readonly settingsOf?: SettingsOf | undefined;
  /** Resolves host names. Default: the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
  /** Receives the number of body bytes that pass through the sockets of an origin. */
  readonly onBytes?: ((origin: string, bytes: number) => void) | undefined;
};

/** `inside` returns true for a host in our own network, by its name or by the addresses that it resolved to. */
export type Transport = { readonly fetch: Fetch; readonly inside: Places['inside']; close(): Promise<void> };

/**
 * Time that an idle socket is kept, in milliseconds: longer than the pauses within one image, and shorter than the
 * minutes after which load balancers silently drop connections.
 */
const KEEP_ALIVE = 30_000;

/** The sockets of one origin. */
type Route = {
  readonly pool: Pool;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly timeouts: Timeouts;
  /** The proxy that responds in place of the origin if it refuses the request. */
  readonly proxy: URL | undefined;
};

/**
 * Sends requests over HTTP/1.1 pools kept alive for each origin; every wait has a timeout on the clock. Rejects
 * forbidden addresses, both by name and by the address that the name resolves to when connecting.
 */
export function transport(options: TransportOptions): Transport {
  const { clock, settingsOf = () => ({}) } = options;
  timeoutsFrom(options.timeouts);
  const known = places(options.lookup);
  const sockets = connecting(clock, settingsOf, known);
  const routes = new Map<string, Route>();
  let closed = false;

  const routeTo = ({ origin }: URL, reach: Reach): Route => {
    const key = `${origin} ${reach}`;
    const open = routes.get(key);
    if (open !== undefined) return open;
    const url = new URL(origin);
    const route = openRoute(url, reach, settingsFor(url, reach, settingsOf), sockets, options);
    routes.set(key, route);
    return route;
  };

  return {
    inside: known.inside,
    fetch: async (request) => {
      if (closed) throw new Error('the HTTP transport is closed');
      refuse(request, known);
      const { dispatcher, timeouts, proxy } = routeTo(request.url, reachOf(request, known));
      const { origin } = request.url;
      const onBytes = options.onBytes && ((bytes: number) => options.onBytes?.(origin, bytes));
      const response = await exchange(dispatcher, request, { clock, timeouts, ...(onBytes && { onBytes }) });
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

function refuse({ method, url, from, metadata }: HttpRequest, { inside }: Places): void {
  const problem = addressProblem(url, from, { inside, metadata });
  if (problem === undefined) return;
  throw new PromotionError('REFUSED_ADDRESS', `${method} ${redactUrl(url)}: the address ${problem}`, {
    hint: addressAdvice(url, from),
  });
}

/** Only an address that another host named can be used to reach our network. */
function reachOf({ url, from, metadata }: HttpRequest, { inside }: Places): Reach {
  if (metadata !== undefined) return metadata;
  return from !== undefined && from.host !== url.host && !inside(from.hostname) ? 'outside' : 'anywhere';
}

/** A metadata address belongs to this machine: a proxy would return its own metadata. */
function settingsFor(origin: URL, reach: Reach, settingsOf: SettingsOf): OriginSettings {
  if (reach === 'anywhere' || reach === 'outside') return settingsOf(origin);
  const { proxy: _proxy, ...settings } = settingsOf(origin);
  return settings;
}

function openRoute(
  origin: URL,
  reach: Reach,
  settings: OriginSettings,
  sockets: Connecting,
  options: TransportOptions,
): Route {
  const timeouts = timeoutsFrom({ ...options.timeouts, ...settings.timeouts });
  const proxy = origin.protocol === 'http:' ? settings.proxy : undefined;
  const pool = new Pool(proxy?.origin ?? origin.origin, {
    connections: settings.connections ?? options.connections,
    pipelining: 1,
    allowH2: false,
    connect: sockets.connectorFor(origin, reach, settings, timeouts.connect),
    // Our own timeouts, on our clock, distinguish the stages; undici's must not fire first.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE,
  });
  return { pool, dispatcher: proxy === undefined ? pool : throughProxy(proxy, pool), timeouts, proxy };
}
