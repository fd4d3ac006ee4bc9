import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { loadedTree } from '../../test/support/promotion/tree.ts';
import { setup } from './setup.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

describe('src/phases/setup.ts', () => {
  it('hands on what the tree wants, and fails for invalid entries and disputes without asking a registry', async () => {
    const { context, log } = testContext();
    const entries = [
      ['app', A, 'v1'],
      ['app', 'sha256:short', 'v2'],
      ['app', B, 'v1', 'v3'],
    ] as const;
    const load = (): Promise<ReturnType<typeof loadedTree>> =>
      Promise.resolve(loadedTree([{ name: 'p', from: 'a.test', to: ['b.test'], entries }]));
    const { sets, failures } = await setup({ load }).run(undefined, context);
    expect(sets.flatMap(({ images }) => images.map(({ digest }) => digest))).toEqual([A, B]);
    expect(failures.map(({ phase, code, at }) => [phase, code, at?.line])).toEqual([
      ['setup', 'ENTRY_INVALID', 6],
      ['setup', 'TAG_CONFLICT', 3],
    ]);
    expect(log).toHaveLength(2);
    expect(log[0]).toMatch(/^error images\/p\/images\.yaml:6:\d+: /);
  });
});
