import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseThin } from '../parse.ts';
import { addImages } from './add-images.ts';
import { checkNewProject, newImages, newManifest } from './new-project.ts';

const MANIFEST = newManifest('localhost:5000/a', 'registry.test');
const digest = fc.stringMatching(/^[0-9a-f]{3}$/).map((hex): `sha256:${string}` => `sha256:${hex}${'0'.repeat(61)}`);
const version = fc.tuple(fc.nat(20), fc.nat(20)).map((parts) => `v${parts.join('.')}`);
const images = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('web', 'tools/cli', '1.0', 'on'),
    digest,
    tags: fc.uniqueArray(version, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6, selector: ({ name, digest: own }) => `${name}@${own}` },
);

describe('src/manifest/edit/new-project.ts', () => {
  it('writes a manifest of two registries', () => {
    expect(MANIFEST).toBe('registries:\n- name: localhost:5000/a\n  src: true\n- name: registry.test\n');
  });

  it('writes images by name, and digests and tags by version', () => {
    const [a, b] = ['a', 'b'].map((hex): `sha256:${string}` => `sha256:${hex.repeat(64)}`) as [
      `sha256:${string}`,
      `sha256:${string}`,
    ];
    const text = newImages([
      { name: 'web', digest: a, tags: ['v1.10.0', 'v1.9.0'] },
      { name: 'cli', digest: a, tags: [] },
      { name: 'web', digest: b, tags: ['v1.2.0-rc.1'] },
    ]);
    expect(text).toBe(
      `- name: cli\n  dmap:\n    "${a}": []\n- name: web\n  dmap:\n    "${b}": ["v1.2.0-rc.1"]\n    "${a}": ["v1.9.0", "v1.10.0"]\n`,
    );
  });

  it('writes what kpromo add leaves as it is, and keeps in order', () => {
    fc.assert(
      fc.property(images, (all) => {
        const text = newImages(all);
        const bytes = Buffer.from(text);
        checkNewProject('p', MANIFEST, text);
        const parse = (edited: Uint8Array) =>
          parseThin('p', { file: 'm', bytes: Buffer.from(MANIFEST) }, { file: 'i', bytes: edited }, undefined);
        expect(Buffer.from(addImages({ file: 'i', bytes, parse }, all)).toString()).toBe(text);
        const held = parse(bytes).project?.images.flatMap(({ name, digests }) =>
          digests.map((one) => `${name}@${one.digest}`),
        );
        expect(held?.toSorted()).toEqual(all.map(({ name, digest: own }) => `${name}@${own}`).toSorted());
      }),
    );
  });

  it('throws for a project that would be invalid', () => {
    expect(() =>
      checkNewProject('p', MANIFEST, newImages([{ name: 'UP', digest: `sha256:${'a'.repeat(64)}`, tags: [] }])),
    ).toThrow('would be invalid at line 1');
  });
});
