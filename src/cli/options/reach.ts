import type { RedisAddress } from '../../redis/address.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { limiterOption } from './limiter.ts';
import type { REGISTRY_FLAGS } from './flags/source-flags.ts';

/** How registries are reached, for every command that asks one. */
export type ReachOptions = {
  /** The registry configuration, where there is one. */
  readonly registryConfig?: string;
  /** Milliseconds; the longest wait that a registry may order. */
  readonly maxWait: number;
  /** Milliseconds; how long a request that fails is tried. */
  readonly timeout?: number;
  /** How often a request that fails is tried again. */
  readonly retries?: number;
  /** Where rates are shared with other processes. */
  readonly limiter?: RedisAddress;
};

/** Reads the flags; throws USAGE for an invalid limiter. */
export function reachOptions(values: FlagValues<typeof REGISTRY_FLAGS>): ReachOptions {
  const { 'max-wait': maxWait, 'registry-config': registryConfig, timeout, retries } = values;
  const limiter = limiterOption(values.limiter);
  return {
    ...(limiter !== undefined && { limiter }),
    ...(registryConfig !== '' && { registryConfig }),
    maxWait,
    ...(timeout > 0 && { timeout }),
    ...(retries >= 0 && { retries }),
  };
}
