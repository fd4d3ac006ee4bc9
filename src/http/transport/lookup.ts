import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { PromotionError } from '../../errors.ts';
import { isPrivate, resolvedProblem } from './addresses.ts';
import type { MetadataUser } from '../fetch.ts';

/** What connections may reach: `outside` nothing in our network, as a public server gave the name; a credential source its own metadata. */
export type Reach = 'anywhere' | 'outside' | MetadataUser;

/** Where hosts are, as far as connections have shown. */
export type Places = {
  /**
   * Resolves names for connecting, and refuses a name with any address out of reach: what is checked is what is
   * connected to, so that a name cannot change its meaning in between.
   */
  lookup(reach: Reach): LookupFunction;
  /** Notes the address that a connection was made to. */
  connected(hostname: string, address: string | undefined): void;
  /** True for a private address or loopback, and for a name that led to nothing else so far. */
  inside(hostname: string): boolean;
};

/** Knows no place at first; `resolve` is the system's resolver unless given. */
export function places(resolve: LookupFunction = systemLookup): Places {
  const seen = new Map<string, boolean>();
  return {
    lookup: (reach) => (hostname, options, callback) =>
      resolve(hostname, options, (error, found, family) => {
        const problem = error === null ? problemOf(found, reach) : undefined;
        callback(problem === undefined ? error : refused(hostname, problem), found, family);
      }),
    connected: (hostname, address) => {
      // One public address is enough to be public: else a name with both kinds would open our network to its owner.
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
  return new PromotionError('REFUSED_ADDRESS', `connecting to ${hostname}: the name stands for ${problem}`, {
    hint: 'check who chose that name, and the DNS of this machine',
  });
}
