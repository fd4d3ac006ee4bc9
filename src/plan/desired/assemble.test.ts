import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { Lack } from '../compare.ts';
import { assemble, byImage, type SourceState } from './assemble.ts';
import type { WantedImage } from './desired.ts';

const [A, B] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [Digest, Digest];

const image = (source: string, ...tags: string[]): WantedImage => {
  const at = { file: `${source}.yaml`, line: 3, column: 5 };
  return {
    name: 'app',
    source: `a.test/${source}/app`,
    digest: A,
    tags,
    at,
    tagPositions: tags.map(() => ({ ...at, line: 4 })),
  };
};

const lack = (wanted: WantedImage, host: string, given: Partial<Lack> = {}): Lack => ({
  image: wanted,
  repository: `${host}/app`,
  isNew: false,
  isUnread: false,
  digestMissing: true,
  missingTags: wanted.tags,
  moves: [],
  ...given,
});

const decide = (
  lacks: readonly Lack[],
  stateOf: (wanted: WantedImage) => SourceState = () => 'there',
): ReturnType<typeof assemble> => assemble(byImage(lacks), stateOf);

describe('src/plan/desired/assemble.ts', () => {
  it('groups missing tags by image', () => {
    const [one, two] = [image('one', 'v1', 'v2'), image('two', 'v3')];
    const tagged = lack(one, 'c.test', { digestMissing: false, missingTags: ['v2'] });
    expect(decide([lack(one, 'b.test', { isNew: true }), lack(two, 'b.test'), tagged])).toEqual({
      failures: [],
      due: [
        {
          wanted: one,
          targets: [
            { repository: 'b.test/app', action: 'copy', tags: ['v1', 'v2'], isNew: true },
            { repository: 'c.test/app', action: 'tag', tags: ['v2'], isNew: false },
          ],
        },
        { wanted: two, targets: [{ repository: 'b.test/app', action: 'copy', tags: ['v3'], isNew: false }] },
      ],
    });
  });

  it('returns each pending edge once, from the first source that has the digest', () => {
    const [lost, first, second] = [image('lost', 'v1'), image('first', 'v1'), image('second', 'v1', 'v2')];
    const { due, failures } = decide(
      [lost, first, second].map((wanted) => lack(wanted, 'b.test')),
      ({ source }) => (source.includes('lost') ? 'lost' : 'there'),
    );
    expect(failures).toEqual([]);
    expect(due.map(({ wanted: { source }, targets }) => [source, targets[0]?.tags])).toEqual([
      ['a.test/first/app', ['v1']],
      ['a.test/second/app', ['v2']],
    ]);
  });

  it('omits the tagless edge if the digest also gets a tag', () => {
    const { due, failures } = decide([
      lack(image('one', 'v1'), 'b.test'),
      lack(image('two'), 'b.test'),
      lack(image('two'), 'c.test'),
    ]);
    expect(failures).toEqual([]);
    expect(due.map(({ wanted: { source }, targets }) => [source, targets.map(({ repository }) => repository)])).toEqual(
      [
        ['a.test/one/app', ['b.test/app']],
        ['a.test/two/app', ['c.test/app']],
      ],
    );
  });

  it('reports the current digest of a move, and groups mirrors with the same one', () => {
    const wanted = image('one', 'v1');
    const move = (host: string, digestMissing: boolean, current: Digest): Lack =>
      lack(wanted, host, { digestMissing, missingTags: [], moves: [{ tag: 'v1', current }] });
    const other: Digest = `sha256:${'c'.repeat(64)}`;
    const moves = [
      move('b.test', true, B),
      move('c.test', true, B),
      move('d.test', false, B),
      move('e.test', true, other),
    ];
    const { due, failures } = decide(moves);
    expect(due).toEqual([]);
    expect(failures.map(({ code, at, refs }) => ({ code, line: at?.line, refs }))).toEqual([
      { code: 'TAG_MOVE', line: 4, refs: ['b.test/app:v1', 'c.test/app:v1'] },
      { code: 'TAG_MOVE', line: 4, refs: ['d.test/app:v1'] },
      { code: 'TAG_MOVE', line: 4, refs: ['e.test/app:v1'] },
    ]);
    expect(failures[0]?.message).toBe(`tag 'v1' in dest points to ${B}, not ${A}; tag moves are not supported`);
    expect(failures[1]?.message).toContain(`tag v1: tag move detected: it points to ${B}`);
    expect(failures[2]?.hint).toContain(`set the entry back to ${other}`);
  });

  it('reports digests that no source has as lost, even if a tag would move', () => {
    const wanted = image('one', 'v1', 'v2');
    const { due, failures } = decide(
      [
        lack(wanted, 'b.test', { missingTags: ['v1'], moves: [{ tag: 'v2', current: B }] }),
        lack(image('two'), 'b.test'),
      ],
      () => 'lost',
    );
    expect(due).toEqual([]);
    expect(failures.map(({ code, refs }) => [code, refs])).toEqual([
      ['LOST', ['b.test/app:v1', 'b.test/app:v2']],
      ['LOST', [`b.test/app@${A}`]],
    ]);
  });

  it('passes on the error of a source that could not be read', () => {
    const error = new PromotionError('DENIED', 'reading it: 403', { hint: 'ask' });
    const { due, failures } = decide([lack(image('one', 'v1'), 'b.test')], () => error);
    expect(due).toEqual([]);
    expect(failures).toMatchObject([
      {
        phase: 'plan',
        code: 'DENIED',
        message: 'reading it: 403',
        hint: 'ask',
        source: `a.test/one/app@${A}`,
        refs: ['b.test/app:v1'],
      },
    ]);
  });
});
