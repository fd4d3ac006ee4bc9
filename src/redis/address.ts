import { hostInUrl, hostProblem } from '../image/host.ts';

/** Address and login of a Redis server. */
export type RedisAddress = {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The address without user and password, for messages. */
  readonly shown: string;
};

const PORT = 6379;

/** Parses `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS; returns undefined for other text. */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol)) return undefined;
  if (hostProblem(hostInUrl(text)) !== undefined) return undefined;
  const db = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  if (db === undefined || url.search !== '' || url.hash !== '') return undefined;
  const [username, password] = [decoded(url.username), decoded(url.password)];
  if (username === undefined || password === undefined) return undefined;
  const port = url.port === '' ? PORT : Number(url.port);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    db: Number(db),
    tls: url.protocol === 'rediss:',
    username: username || undefined,
    password: password || undefined,
    shown: `${url.protocol}//${url.hostname}:${port}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
