import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { PromotionError } from '../../errors.ts';
import { networkError } from './network-error.ts';

/** Starts opening a socket. The returned function aborts that with a reason, which the callback receives. */
export type Opener = (options: buildConnector.Options, callback: buildConnector.Callback) => (reason: Error) => void;

/** Opens sockets through a proxy with CONNECT (RFC 9110 §9.3.6), and TLS with `secure` inside them. */
export function tunnel(proxy: URL, toProxy: Opener, secure: Opener): Opener {
  return (options, callback) => {
    const controller = new AbortController();
    let giveUp = (reason: Error): void => controller.abort(reason);
    const open = async (): Promise<void> => {
      let httpSocket: Socket;
      try {
        httpSocket = await openTunnel(proxy, toProxy, addressOf(options), controller.signal);
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      giveUp = secure({ ...options, httpSocket }, callback);
    };
    void open();
    return (reason) => giveUp(reason);
  };
}

async function openTunnel(proxy: URL, toProxy: Opener, address: string, signal: AbortSignal): Promise<Socket> {
  let giveUp = (_reason: Error): void => {};
  const client = new Client(proxy.origin, {
    connect: (options, callback) => {
      giveUp = toProxy(options, callback);
    },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const onAbort = (): void => giveUp(signal.reason as Error);
  signal.addEventListener('abort', onAbort);
  const what = `connecting to ${address} through the proxy ${proxy.host}`;
  try {
    const headers = { host: address, 'user-agent': 'kpromo', ...proxyAuthorization(proxy) };
    const { statusCode, socket } = await client.connect({ path: address, headers, signal });
    if (statusCode === 200 && !signal.aborted) return socket as Socket;
    socket.on('error', () => {}).destroy();
    throw refusal(statusCode, what, proxy);
  } catch (error) {
    throw signal.aborted ? signal.reason : networkError(error, what);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // The tunnel is now an independent socket and outlives the client.
    await client.destroy();
  }
}

/**
 * Sends plain HTTP through a pool of sockets to a proxy, with the absolute URL as the request target (RFC 9112 §3.2.2).
 */
export function throughProxy(proxy: URL, pool: Dispatcher): Pick<Dispatcher, 'dispatch'> {
  return {
    dispatch: (options, handler) => {
      const target = new URL(String(options.origin));
      const headers = {
        ...(options.headers as Record<string, string>),
        host: target.host,
        ...proxyAuthorization(proxy),
      };
      const path = `${target.origin}${options.path}`;
      return pool.dispatch({ ...options, origin: proxy.origin, path, headers }, handler);
    },
  };
}

/**
 * Returns the error for a proxy that refused a request. Refusals that need a change of configuration are not retried.
 */
export function refusal(status: number, what: string, proxy: URL): PromotionError {
  const message = `${what}: the proxy answered ${status}`;
  if (status === 407) {
    const known = proxy.username === '' ? 'add user and password to' : 'correct user and password in';
    return new PromotionError('UNAUTHORIZED', message, {
      hint: `${known} the address of the proxy: http://USER:PASSWORD@${proxy.host}`,
    });
  }
  if (status === 401 || status === 403 || status === 405) {
    return new PromotionError('DENIED', message, {
      hint: 'permit this host and port in the proxy, or exempt the host with NO_PROXY or "proxy: none"',
    });
  }
  return new PromotionError('NETWORK', message, { hint: 'check that the proxy can reach the host' });
}

/** Returns the error for a failed connection to a proxy. */
export function unreachable(thrown: Error, proxy: URL): PromotionError {
  const error = networkError(thrown, `connecting to the proxy ${proxy.host}`);
  const code = 'code' in thrown ? String(thrown.code) : '';
  if (!/^E(?:CONNREFUSED|NOTFOUND|HOSTUNREACH|NETUNREACH)$/.test(code)) return error;
  return new PromotionError(error.code, error.message, {
    cause: thrown,
    hint: 'check the address of the proxy, and that it is running',
  });
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

/** Returns `host:port`, always with the port: CONNECT has no default. */
function addressOf({ hostname, port }: buildConnector.Options): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port === '' ? 443 : port}`;
}
