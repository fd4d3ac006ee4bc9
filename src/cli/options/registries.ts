import { isPromotionError } from '../../errors.ts';
import { compilePattern, type Pattern } from '../../image/pattern.ts';
import { parseRedisAddress, type RedisAddress } from '../../redis/address.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** How registries are reached. */
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
    help: 'The longest pause that a registry may order (Retry-After). After a longer one, the remaining requests to it fail.',
  },
  {
    name: 'timeout',
    type: 'duration',
    default: '0s',
    min: 0,
    example: '30s',
    value: 'DURATION',
    help: 'How long a request that fails is tried, all attempts together. 0s: 2m, and 10s (30s with --confirm) for a host that has not answered yet and refuses connections, is unknown or does not speak HTTP. Waits that a registry orders (--max-wait) do not count.',
  },
  {
    name: 'retries',
    type: 'int',
    default: '-1',
    min: -1,
    example: '3',
    value: 'N',
    help: 'How often a request that fails is tried again, within --timeout; 0 tries once. -1: as often as the time allows.',
  },
  {
    name: 'limiter',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'A Redis server through which concurrent jobs share the rate limit of each registry: redis://[user:password@]host[:port][/db], or rediss:// for TLS. Use KPROMO_LIMITER for an address with a password.',
  },
] as const satisfies readonly Flag[];

/** Which registry is signed first and copied from. */
export const PRIMARY_FLAGS = [
  {
    name: 'primary-registry',
    type: 'string',
    default: '',
    value: 'PATTERN',
    help: 'The destination whose name is signed and from which signatures are replicated, as host[:port][/path] with * and **; overrides the registry configuration.',
  },
] as const satisfies readonly Flag[];

/** What becomes of images whose primary changed. */
export const PRIMARY_CHANGE_FLAGS = [
  {
    name: 'accept-primary-change',
    type: 'bool',
    default: 'false',
    help: 'Promote images whose primary registry changes. Without it, a diff reports them as a problem, unless --primary-registry or the registry configuration names the primary.',
  },
] as const satisfies readonly Flag[];

/** How registries are reached, for every command that asks one. */
export type RegistriesOptions = {
  /** The file of the registry configuration, where there is one. */
  readonly configFile: string | undefined;
  /** Milliseconds; the longest wait that a registry may order. */
  readonly maxWait: number;
  /** Milliseconds; how long a request that fails is tried. */
  readonly timeout: number | undefined;
  /** How often a request that fails is tried again. */
  readonly retries: number | undefined;
  /** Where rates are shared with other processes. */
  readonly limiter: RedisAddress | undefined;
};

/** Reads the flags; throws USAGE for an invalid limiter. */
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

/** What the flags say of the primary registry. */
export type PrimaryOptions = {
  /** Covers it; goes before the registry configuration. */
  readonly chosen: Pattern | undefined;
  /** Whether images with another primary registry than before are promoted. */
  readonly acceptsChange: boolean;
};

/** Reads the flags, where a command has them; throws USAGE for what is no pattern. */
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

/** The variable that stands for `--limiter`: other users of a machine can read its command lines. */
const LIMITER_VARIABLE = 'KPROMO_LIMITER';

/** The server that the environment names for `--limiter`. Throws USAGE for an address that is none. */
export function environmentLimiter(env: Readonly<Record<string, string | undefined>>): RedisAddress | undefined {
  const value = env[LIMITER_VARIABLE] ?? '';
  return value === '' ? undefined : redisAddress(value, LIMITER_VARIABLE);
}

/** The value may hold a password, so it is not repeated. */
function redisAddress(value: string, name: string): RedisAddress {
  const address = parseRedisAddress(value);
  if (address !== undefined) return address;
  throw usage(
    `${name} is no address of a Redis server`,
    'write redis://[user:password@]host[:port][/db], or rediss:// for TLS; special characters in a password are written as %XX',
  );
}
