import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlain } from '../../manifest/parse.ts';
import { digestOf } from '../../image/digest.ts';
import { snapshotOf, type Snapshot } from '../../image/snapshot.ts';
import { snapshotText } from './snapshot.ts';

// Includes values that YAML would read as numbers, booleans and null.
const names = fc.stringMatching(/^[a-z0-9]{1,4}(?:[._-][a-z0-9]{1,3})?(?:\/[a-z0-9]{1,4})?$/);
const tags = fc.oneof(
  fc.constantFrom('1.10', '010', 'true', 'null', '1e3', '_', 'sha256-ab.sig'),
  fc.stringMatching(/^\w[\w.-]{0,12}$/),
);
const snapshots: fc.Arbitrary<Snapshot> = fc
  .array(
    fc.record({
      name: names,
      digest: fc.nat(5).map((seed) => digestOf(Buffer.from(String(seed)))),
      tags: fc.array(tags, { maxLength: 4 }),
    }),
    { maxLength: 8 },
  )
  .map(snapshotOf);

type Listed = { readonly name: string; readonly dmap: Readonly<Record<string, readonly string[]>> };

const asListed = (snapshot: Snapshot): readonly Listed[] =>
  snapshot.map(({ name, digests }) => ({
    name,
    dmap: Object.fromEntries(digests.map((digest) => [digest.digest, digest.tags])),
  }));

describe('src/report/terminal/snapshot', () => {
  it('prints nothing for an empty snapshot, like upstream, and an empty list as JSON', () => {
    expect([snapshotText([], 'yaml'), snapshotText([], 'csv'), snapshotText([], 'json')]).toEqual(['\n', '\n', '[]\n']);
  });

  it('prints an image without a name for the registry itself', () => {
    const digest = digestOf(Buffer.from('a'));
    const snapshot = snapshotOf([{ name: '', digest, tags: ['v1'] }]);
    expect(snapshotText(snapshot, 'yaml')).toBe(`- name: \n  dmap:\n    "${digest}": ["v1"]\n\n`);
    expect(snapshotText(snapshot, 'csv')).toBe(`@${digest},:v1\n\n`);
  });

  it('prints YAML that is valid in a manifest', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const registries = 'registries:\n- {name: a.test/from, src: true}\n- name: b.test/to\n';
        const images = snapshot.length === 0 ? ' []\n' : `\n${snapshotText(snapshot, 'yaml')}`;
        const text = `${registries}images:${images}`;
        const { project, problems } = parsePlain('m', { file: 'm.yaml', bytes: Buffer.from(text) }, undefined);
        expect(problems).toEqual([]);
        const read = (project?.images ?? []).map(({ name, digests }) => ({ name, digests }));
        expect(read).toMatchObject(snapshot);
        expect(read).toHaveLength(snapshot.length);
      }),
    );
  });

  it('prints the same content as JSON, and as CSV with one line per tag', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const json: unknown = JSON.parse(snapshotText(snapshot, 'json'));
        expect(json).toEqual(asListed(snapshot));
        const lines = snapshotText(snapshot, 'csv').trimEnd().split('\n').filter(Boolean);
        const expected = snapshot.flatMap(({ name, digests }) =>
          digests.flatMap(({ digest, tags: all }) =>
            all.length === 0 ? [`${name}@${digest},-`] : all.map((tag) => `${name}@${digest},${name}:${tag}`),
          ),
        );
        expect(lines).toEqual(expected);
      }),
    );
  });
});
