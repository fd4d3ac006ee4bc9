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
  /** Opens sockets to one origin: TCP, the proxy's tunnel and TLS together within `timeout` milliseconds of the clock. */
  connectorFor(origin: URL, reach: Reach, settings: OriginSettings, timeout: number): buildConnector.connector;
  close(): void;
};

/** Opens sockets on this clock to what `known` permits; how a proxy itself is reached is asked of `settingsOf`, too. */
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
        const cancel = clock.timer(timeout, () => giveUp(tooSlow(options, settings, timeout)));
      };
    },
    close: () => {
      for (const giveUp of opening) giveUp(new Error('the HTTP transport is closed'));
    },
  };
}

/** Straight to the host as `straight` does it, or by way of the proxy, which resolves names in its own network. */
function openerFor(origin: URL, settings: OriginSettings, settingsOf: SettingsOf, straight: Opener): Opener {
  const { proxy } = settings;
  if (proxy === undefined) return straight;
  const toHost = direct(settingsOf(new URL(proxy.origin)));
  // undici takes the name for TLS from the request, which is for another host than the proxy.
  const toProxy: Opener = (options, callback) =>
    toHost({ ...options, servername: '' }, (...result) => {
      if (result[0] === null) callback(...result);
      else callback(unreachable(result[0], proxy), null);
    });
  // Plain HTTP is asked of the proxy itself, not sent through a tunnel.
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

/** Notes where connections to a host led. */
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
      hint: `check that the ${proxy === undefined ? 'host' : 'proxy'} is up and that a firewall lets this machine through`,
    },
  );
}
