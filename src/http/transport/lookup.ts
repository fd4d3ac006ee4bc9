import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { PromotionError } from '../../errors.ts';
import { isPrivate, resolvedProblem } from './addresses.ts';
import type { MetadataUser } from '../fetch.ts';

/**
 * The addresses that a connection may reach. `outside`: none in our network, as a public server gave the name; a
 * credential source: also its own metadata address.
 */
export type Reach = 'anywhere' | 'outside' | MetadataUser;

/** Where hosts are, as far as connections have shown. */
export type Places = {
  /**
   * Returns a lookup function that rejects a name with any address out of reach. The checked address is the one
   * connected to, so that a name cannot change its meaning in between.
   */
  lookup(reach: Reach): LookupFunction;
  /** Records the address that a connection was made to. */
  connected(hostname: string, address: string | undefined): void;
  /** Returns true for a private address or loopback, and for a name that has led to nothing else so far. */
  inside(hostname: string): boolean;
};

/** Starts with no known hosts. Default of `resolve`: the system's resolver. */
export function places(resolve: LookupFunction = systemLookup): Places {
  const seen = new Map<string, boolean>();
  return {
    lookup: (reach) => (hostname, options, callback) =>
      resolve(hostname, options, (error, found, family) => {
        const problem = error === null ? problemOf(found, reach) : undefined;
        callback(problem === undefined ? error : refused(hostname, problem), found, family);
      }),
    connected: (hostname, address) => {
      // One public address is enough to count as public: otherwise a name with both kinds would open our network to its
      // owner.
      if (address !== undefined) seen.set(hostname, isPrivate(address) && seen.get(hostname) !== false);
    },
    inside: (hostname) => isPrivate(hostname) || seen.get(hostname) === true,
  };
}

function problemOf(found: Parameters<Parameters<LookupFunction>[2]>[1], reach: Reach): string | undefined {
  const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
  return addresses.map((address) => resolvedProblem(address, reach)).find((problem) => problem !== undefined);
}

function refused(hostname: string, problem: string): PromotionError {
  return new PromotionError('REFUSED_ADDRESS', `connecting to ${hostname}: the name resolves to ${problem}`, {
    hint: 'check where that name comes from, and the DNS of this machine',
  });
}
