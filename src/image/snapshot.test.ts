import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from './digest.ts';
import { filterSnapshot, snapshotOf } from './snapshot.ts';

const DIGESTS = ['a', 'b', 'c'].map((text) => digestOf(Buffer.from(text)));

const entries = fc.array(
  fc.record({
    name: fc.constantFrom('', 'app', 'app-x', 'app/deep', 'b', '10', '9'),
    digest: fc.constantFrom(...DIGESTS),
    tags: fc.array(fc.constantFrom('v1', 'v1.10', 'v1.9', 'V2', '1', '_x')),
  }),
);

const isInOrder = (texts: readonly string[]): boolean =>
  texts.every(
    (text, index) => index === 0 || Buffer.compare(Buffer.from(texts[index - 1] ?? ''), Buffer.from(text)) < 0,
  );

describe('src/image/snapshot', () => {
  it('sorts by bytes and removes duplicates, whatever the order of the entries', () => {
    fc.assert(
      fc.property(entries, (told) => {
        const snapshot = snapshotOf(told);
        expect(snapshotOf(told.toReversed())).toEqual(snapshot);
        expect(isInOrder(snapshot.map(({ name }) => name))).toBe(true);
        for (const { digests } of snapshot) {
          expect(isInOrder(digests.map(({ digest }) => digest))).toBe(true);
          for (const { tags } of digests) expect(isInOrder(tags)).toBe(true);
        }
        const flat = snapshot.flatMap(({ name, digests }) =>
          digests.flatMap(({ digest, tags }) => tags.map((tag) => `${name}@${digest}:${tag}`)),
        );
        const given = told.flatMap(({ name, digest, tags }) => tags.map((tag) => `${name}@${digest}:${tag}`));
        expect(new Set(flat)).toEqual(new Set(given));
      }),
    );
  });

  it('omits an image without accepted digests', () => {
    const [a, b] = DIGESTS;
    if (a === undefined || b === undefined) throw new Error('there are digests');
    const snapshot = snapshotOf([
      { name: 'app', digest: a, tags: ['v1'] },
      { name: 'app', digest: b, tags: [] },
      { name: 'tagless', digest: b, tags: [] },
    ]);
    expect(filterSnapshot(snapshot, ({ tags }) => tags.length > 0)).toEqual([
      { name: 'app', digests: [{ digest: a, tags: ['v1'] }] },
    ]);
  });
});
