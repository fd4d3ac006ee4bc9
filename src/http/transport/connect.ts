import type { LookupFunction, Socket } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { OriginSettings, SettingsOf } from './origin-settings.ts';
import type { Places, Reach } from './lookup.ts';
import { type Opener, tunnel, unreachable } from './tunnel.ts';

/** Opens sockets; `close` gives up those that are still opening. */
export type Connecting = {
  /**
   * Returns a connector for one origin. TCP, the proxy's tunnel and TLS together may take `timeout` milliseconds of the
   * clock.
   */
  connectorFor(origin: URL, reach: Reach, settings: OriginSettings, timeout: number): buildConnector.connector;
  close(): void;
};

/**
 * Creates connectors that open sockets only to addresses that `known` permits. The settings of a proxy come from
 * `settingsOf` as well.
 */
export function connecting(clock: Clock, settingsOf: SettingsOf, known: Places): Connecting {
  const opening = new Set<(reason: Error) => void>();
  return {
    connectorFor: (origin, reach, settings, timeout) => {
      const open = openerFor(origin, settings, settingsOf, guarded(direct(settings, known.lookup(reach)), known));
      return (options, callback) => {
        const done: buildConnector.Callback = (...result) => {
          cancel();
          opening.delete(giveUp);
          callback(...result);
        };
        const giveUp = open(options, done);
        opening.add(giveUp);
        const cancel = clock.limit(timeout, () => giveUp(tooSlow(options, settings, timeout)));
      };
    },
    close: () => {
      for (const giveUp of opening) giveUp(new Error('the HTTP transport is closed'));
    },
  };
}

/** Connects directly with `straight`, or through the proxy, which resolves names in its own network. */
function openerFor(origin: URL, settings: OriginSettings, settingsOf: SettingsOf, straight: Opener): Opener {
  const { proxy } = settings;
  if (proxy === undefined) return straight;
  const toHost = direct(settingsOf(new URL(proxy.origin)));
  // undici takes the TLS name from the request, whose host is not the proxy.
  const toProxy: Opener = (options, callback) =>
    toHost({ ...options, servername: '' }, (...result) => {
      if (result[0] === null) callback(...result);
      else callback(unreachable(result[0], proxy), null);
    });
  // Plain HTTP is sent to the proxy itself, not through a tunnel.
  return origin.protocol === 'https:' ? tunnel(proxy, toProxy, direct(settings)) : toProxy;
}

function direct(settings: OriginSettings, lookup?: LookupFunction): Opener {
  const connect = buildConnector({ allowH2: false, timeout: 0, ...secureContext(settings), ...(lookup && { lookup }) });
  return (options, callback) => {
    // undici returns the socket, but its types do not say so.
    const socket = connect(options, callback) as unknown as Socket;
    return (reason) => void socket.destroy(reason);
  };
}

/** Records the addresses that connections to a host were made to. */
function guarded(open: Opener, known: Places): Opener {
  return (options, callback) =>
    open(options, (...result) => {
      if (result[0] === null) known.connected(options.hostname, result[1].remoteAddress);
      callback(...result);
    });
}

/** One context for all sockets of an origin: parsing the system's certificates takes milliseconds each time. */
function secureContext({ ca, clientCertificate }: OriginSettings): Parameters<typeof buildConnector>[0] {
  if (ca === undefined && clientCertificate === undefined) return {};
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  return { secureContext: createSecureContext({ ...trusted, ...clientCertificate }) };
}

function tooSlow({ host, hostname }: buildConnector.Options, { proxy }: OriginSettings, ms: number): PromotionError {
  const through = proxy === undefined ? '' : ` through the proxy ${proxy.host}`;
  return new PromotionError(
    'TIMEOUT',
    `connecting to ${host ?? hostname}${through}: no connection within ${ms / 1000} s`,
    {
      hint: `check that the ${proxy === undefined ? 'host' : 'proxy'} is up and that no firewall blocks this machine`,
    },
  );
}
