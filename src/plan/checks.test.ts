import { describe, expect, it } from 'vitest';
import type { Digest } from '../image/digest.ts';
import { compilePattern } from '../image/pattern.ts';
import { parseRef, type AskedRef } from '../image/asked-ref.ts';
import { checksOf, namedBy, placeOf, selectByUpload, unlisted } from './checks.ts';
import type { ImageSet } from './desired/desired.ts';

const digest = (number: number): Digest => `sha256:${String(number).padStart(64, '0')}`;

function setOf(
  destinations: readonly string[],
  images: readonly (readonly [number, ...string[]])[],
  name = 'app',
): ImageSet {
  const at = { file: 'images.yaml', line: 1, column: 1 };
  const wanted = images.map(([number, ...tags]) => {
    return { name, source: `src.example/${name}`, digest: digest(number), tags, at, tagPositions: [] };
  });
  return { project: 'p', source: `src.example/${name}`, destinations, name, images: wanted };
}

const ref = (text: string): AskedRef => parseRef(text) ?? { repository: 'none' };
const DESTINATIONS = ['a.example/prod', 'b.example/prod', 'c.example/prod'];
const SETS = [setOf(DESTINATIONS, [[1, 'v1'], [2, 'v2'], [3]])];

describe('src/plan/checks', () => {
  it('returns each digest of a primary repository once, with all its repositories', () => {
    const checks = checksOf([...SETS, setOf(['a.example/prod', 'd.example/prod'], [[1, 'latest']])], {});
    expect(checks).toHaveLength(3);
    expect(checks[0]).toMatchObject({
      repository: 'a.example/prod/app',
      reference: 'a.example/prod/app',
      digest: digest(1),
      tags: ['latest', 'v1'],
      mirrors: ['b.example/prod/app', 'c.example/prod/app', 'd.example/prod/app'],
    });
  });

  it('uses the chosen primary and the public names', () => {
    const publicNames = [{ match: compilePattern('c.example/prod'), name: 'images.example' }];
    const [check] = checksOf(SETS, { primary: compilePattern('c.example/**'), publicNames });
    expect(check).toMatchObject({ repository: 'c.example/prod/app', reference: 'images.example/app' });
    expect(check?.mirrors).toEqual(['a.example/prod/app', 'b.example/prod/app']);
  });

  it('expects copies on standbys only if attachments are routed, with all names', () => {
    const route = { through: 'images.example', standby: [compilePattern('b.example/prod')] };
    const attachments = [{ match: compilePattern('*.example/prod'), route }];
    const checks = checksOf(SETS, { attachments });
    expect(checks[0]).toMatchObject({
      repository: 'a.example/prod/app',
      mirrors: ['b.example/prod/app'],
      routed: ['c.example/prod/app'],
      through: 'images.example/app',
    });
    for (const name of ['images.example/app:v1', 'c.example/prod/app:v1'])
      expect(namedBy(checks, ref(name)).map((check) => check.digest)).toEqual([digest(1)]);
  });

  it("finds the repository of a client's name, or throws", () => {
    const rules = {
      through: 'images.example',
      publicNames: [{ match: compilePattern('a.example/prod'), name: 'images.example' }],
    };
    expect(placeOf([], ref('images.example/app:v1'), rules)).toMatchObject({
      repository: 'a.example/prod/app',
      through: 'images.example/app',
    });
    expect(() => placeOf([], ref('images.example/app:v1'), { through: 'images.example' })).toThrow(
      'the repository of images.example/app on a primary registry is unknown',
    );
    expect(placeOf([], ref('a.example/prod/app:v1'), rules)).toMatchObject({ through: 'images.example/app' });
  });

  it('omits attachments', () => {
    const tag = `sha256-${'0'.repeat(64)}.sig`;
    expect(
      checksOf(
        [
          setOf(DESTINATIONS, [
            [1, tag],
            [2, tag, 'v1'],
          ]),
        ],
        {},
      ).map((check) => check.digest),
    ).toEqual([digest(2)]);
  });

  it('finds a reference by any name of its repository', () => {
    const checks = checksOf(SETS, {
      publicNames: [{ match: compilePattern('a.example/prod'), name: 'images.example' }],
    });
    const found = (text: string): readonly string[] => namedBy(checks, ref(text)).map((check) => check.digest);
    expect(found('images.example/app:v1')).toEqual([digest(1)]);
    expect(found('c.example/prod/app:v2')).toEqual([digest(2)]);
    expect(found(`a.example/prod/app@${digest(3)}`)).toEqual([digest(3)]);
    expect(found(`a.example/prod/app:v1@${digest(3)}`)).toEqual([digest(3)]);
    expect(found('b.example/prod/app')).toHaveLength(3);
    expect(found('a.example/prod/app:v3')).toEqual([]);
    expect(found('a.example/prod/ap')).toEqual([]);
  });

  it('finds unlisted references in their repository, or else at the given place', () => {
    const checks = checksOf(SETS, {});
    const known = ref('b.example/prod/app:v9');
    expect(unlisted(placeOf(checks, known, {}), known, digest(9))).toEqual({
      name: 'prod/app',
      repository: 'a.example/prod/app',
      reference: 'a.example/prod/app',
      mirrors: ['b.example/prod/app', 'c.example/prod/app'],
      digest: digest(9),
      tags: ['v9'],
    });
    const far = 'us-central1-docker.pkg.dev/k8s-artifacts-prod/images/x/y';
    expect(placeOf(checks, ref(far), {})).toEqual({ repository: far, mirrors: [], reference: 'registry.k8s.io/x/y' });
  });

  it('selects digests by upload time, and those without one', () => {
    const times = new Map<string, number | 'undated'>([
      [digest(1), 100],
      [digest(2), 99],
    ]);
    const checks = checksOf([setOf(DESTINATIONS, [[1], [2], [3], [4]])], {});
    times.set(digest(4), 'undated');
    const selection = selectByUpload(checks, (_, one) => times.get(one) ?? 'absent', { from: 100, to: 200 });
    expect(selection.checks.map((check) => check.digest)).toEqual([digest(1), digest(4)]);
    expect(selection).toMatchObject({ undated: 1, absent: 1, outside: 1 });
    const late = selectByUpload(checks, () => 201, { from: 100, to: 200 });
    expect(late).toMatchObject({ checks: [], outside: 4 });
  });
});
