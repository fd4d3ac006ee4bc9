import { parseRedisAddress, type RedisAddress } from '../../redis/address.ts';
import { usage } from '../unknown.ts';

/** The variable that stands for `--limiter`: other users of a machine can read its command lines. */
const VARIABLE = 'KPROMO_LIMITER';

/** The server that `--limiter` names; undefined when it is left out. Throws USAGE for an address that is none. */
export function limiterOption(value: string): RedisAddress | undefined {
  return value === '' ? undefined : parsed(value, '--limiter');
}

/** The same of the environment. */
export function environmentLimiter(env: Readonly<Record<string, string | undefined>>): RedisAddress | undefined {
  const value = env[VARIABLE] ?? '';
  return value === '' ? undefined : parsed(value, VARIABLE);
}

/** The value may hold a password, so it is not repeated. */
function parsed(value: string, name: string): RedisAddress {
  const address = parseRedisAddress(value);
  if (address !== undefined) return address;
  throw usage(
    `${name} is no address of a Redis server`,
    'write redis://[user:password@]host[:port][/db], or rediss:// for TLS; special characters in a password are written as %XX',
  );
}
