import { isPromotionError } from '../../errors.ts';
import { compilePattern, type Pattern } from '../../image/pattern.ts';
import { parseRedisAddress, type RedisAddress } from '../../redis/address.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Flags for the connection to registries. */
export const REGISTRY_FLAGS = [
  {
    name: 'registry-config',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'A file with certificates, proxies, credentials, limits and more for each registry; see docs/registry-config.md.',
  },
  {
    name: 'max-wait',
    type: 'duration',
    default: '10m',
    min: 1,
    value: 'DURATION',
    help: 'The longest pause that a registry may request (Retry-After). If it requests a longer one, the remaining requests to it fail.',
  },
  {
    name: 'timeout',
    type: 'duration',
    default: '0s',
    min: 0,
    example: '30s',
    value: 'DURATION',
    help: 'The time limit for all attempts of a request. 0s means 2m; 10s (30s with --confirm) for a host that has not answered yet and refuses connections, is unknown or does not speak HTTP. Pauses that a registry requests (--max-wait) do not count.',
  },
  {
    name: 'retries',
    type: 'int',
    default: '-1',
    min: -1,
    example: '3',
    value: 'N',
    help: 'The number of retries of a failed request within --timeout; 0 means none, -1 no limit.',
  },
  {
    name: 'limiter',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'A Redis server through which concurrent jobs share the rate limit of each registry: redis://[user:password@]host[:port][/db], or rediss:// for TLS. Use KPROMO_LIMITER for an address with a password.',
  },
] as const satisfies readonly Flag[];

/** The flag that selects the primary registry: the one that is signed and copied from. */
export const PRIMARY_FLAGS = [
  {
    name: 'primary-registry',
    type: 'string',
    default: '',
    value: 'PATTERN',
    help: 'The destination whose name is signed and from which signatures are replicated, as host[:port][/path] with * and **; overrides the registry configuration.',
  },
] as const satisfies readonly Flag[];

/** The flag that accepts changes of the primary registry. */
export const PRIMARY_CHANGE_FLAGS = [
  {
    name: 'accept-primary-change',
    type: 'bool',
    default: 'false',
    help: 'Promote images whose primary registry changes. Without it, a diff reports them as a problem, unless --primary-registry or the registry configuration names the primary.',
  },
] as const satisfies readonly Flag[];

/** Options for the connection to registries, for every command that sends requests. */
export type RegistriesOptions = {
  /** Path of the registry configuration, if given. */
  readonly configFile: string | undefined;
  /** Milliseconds; the longest pause that a registry may request. */
  readonly maxWait: number;
  /** Milliseconds; the time limit for all attempts of a request. */
  readonly timeout: number | undefined;
  /** The number of retries of a failed request. */
  readonly retries: number | undefined;
  /** The server through which processes share rates. */
  readonly limiter: RedisAddress | undefined;
};

/** Reads the flags; throws USAGE for an invalid limiter address. */
export function registriesOptions(values: FlagValues<typeof REGISTRY_FLAGS>): RegistriesOptions {
  const { 'max-wait': maxWait, 'registry-config': configFile, timeout, retries, limiter } = values;
  return {
    configFile: configFile || undefined,
    maxWait,
    timeout: timeout > 0 ? timeout : undefined,
    retries: retries >= 0 ? retries : undefined,
    limiter: limiter === '' ? undefined : redisAddress(limiter, '--limiter'),
  };
}

/** The flags about the primary registry. */
export type PrimaryOptions = {
  /** Covers the primary registry; overrides the registry configuration. */
  readonly chosen: Pattern | undefined;
  /** Whether images whose primary registry changed are promoted. */
  readonly acceptsChange: boolean;
};

/** Reads the flags about the primary registry; throws USAGE for an invalid pattern. */
export function primaryOptions(
  values: FlagValues<typeof PRIMARY_FLAGS> & Partial<FlagValues<typeof PRIMARY_CHANGE_FLAGS>>,
): PrimaryOptions {
  const { 'primary-registry': text, 'accept-primary-change': acceptsChange = false } = values;
  try {
    return { chosen: text === '' ? undefined : compilePattern(text), acceptsChange };
  } catch (error) {
    throw isPromotionError(error) ? usage(`--primary-registry: ${error.message}`, error.hint) : error;
  }
}

/** The variable for the limiter address, since other users of a machine can read command lines. */
const LIMITER_VARIABLE = 'KPROMO_LIMITER';

/** Returns the limiter address from the environment. Throws USAGE if it is invalid. */
export function environmentLimiter(env: Readonly<Record<string, string | undefined>>): RedisAddress | undefined {
  const value = env[LIMITER_VARIABLE] ?? '';
  return value === '' ? undefined : redisAddress(value, LIMITER_VARIABLE);
}

/** Parses the address. Error messages do not repeat it, since it may contain a password. */
function redisAddress(value: string, name: string): RedisAddress {
  const address = parseRedisAddress(value);
  if (address !== undefined) return address;
  throw usage(
    `${name} is not a valid address of a Redis server`,
    'write redis://[user:password@]host[:port][/db], or rediss:// for TLS; special characters in a password are written as %XX',
  );
}
