import { PromotionError } from '../../src/errors.ts';
import { memoryRegistry, type MemoryCall } from '../support/memory-registry/memory.ts';
import { registryContract } from './registry.contract.ts';

const refusing = ({ repository }: MemoryCall): void => {
  if (repository === 'memory.test/unauthorized') throw new PromotionError('UNAUTHORIZED', 'no');
  if (repository === 'memory.test/denied') throw new PromotionError('DENIED', 'no');
};

for (const listing of ['digests', 'tags'] as const) {
  registryContract(`the memory registry that lists ${listing}`, async () => ({
    registry: memoryRegistry({ listing: () => listing, before: refusing }),
    host: 'memory.test',
    listing,
    unauthorized: 'memory.test/unauthorized',
    denied: 'memory.test/denied',
  }));
}

registryContract('the memory registry without lists of referrers', async () => ({
  registry: memoryRegistry({ referrers: () => false, before: refusing }),
  host: 'memory.test',
  listing: 'digests',
  unauthorized: 'memory.test/unauthorized',
  denied: 'memory.test/denied',
}));
