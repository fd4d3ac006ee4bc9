import { describe, expect, it } from 'vitest';
import type { MirrorReport, MirrorState, TargetReport } from './model/report.ts';
import { isPromoted, mirrorFinder, mirrorOf, reachOf, stateOf, type Known } from './mirrors.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const target = (ref: string, action: TargetReport['action'], given: Partial<TargetReport> = {}): TargetReport => ({
  ref,
  action,
  attempts: 1,
  requests: 0,
  bytes: 0,
  ms: 0,
  ...given,
});
const image = (...targets: TargetReport[]) => ({ name: 'app', digest: DIGEST, tags: ['v1', 'v2'], targets });
const unread: MirrorReport = { name: 'c.io/prod', state: 'unknown', code: 'UNAUTHORIZED', reason: '401' };
const known = (given: Partial<Known> = {}): Known => ({
  mirrors: ['a.io/prod', 'b.io/prod', 'c.io/prod'],
  lacking: [],
  unread: [],
  ...given,
});
const states = (mirrors: readonly MirrorReport[]): readonly string[] =>
  mirrors.map(({ name, state }) => `${name[0]} ${state}`);

describe('src/report/mirrors.ts', () => {
  it('returns the registry of a reference as manifests name it', () => {
    expect(mirrorOf('a.io:5000/prod/sub/app:v1', 'sub/app')).toBe('a.io:5000/prod');
    expect(mirrorOf(`a.io:5000/other@${DIGEST}`, 'app')).toBe('a.io:5000');
  });

  it('uses the worst state of the references on a mirror', () => {
    const one = image(target('a.io/prod/app:v1', 'copy'), target('a.io/prod/app:v2', 'failed'));
    expect(states(mirrorFinder([one], new Set())(one, undefined))).toEqual(['a failed']);
  });

  it('never reports an unread mirror as present', () => {
    const one = image(target('a.io/prod/app:v1', 'copy'));
    const mirrors = mirrorFinder([one], new Set())(one, known({ lacking: ['a.io/prod'], unread: [unread] }));
    expect(states(mirrors)).toEqual(['a done', 'b present', 'c unknown']);
    expect(mirrors[2]).toEqual(unread);
    expect(stateOf({ mirrors })).toBe('unknown');
    expect(reachOf({ mirrors })).toEqual({ reached: 2, all: 3 });
    expect(isPromoted({ mirrors })).toBe(false);
  });

  it('uses the state of another entry with the same reference', () => {
    const first = image(target('a.io/prod/app:v1', 'copy'), target('a.io/prod/app:v2', 'failed'));
    const second = image();
    const find = mirrorFinder([first, second], new Set());
    expect(states(find(second, known({ lacking: ['a.io/prod', 'b.io/prod'] })))).toEqual([
      'a failed',
      'b unknown',
      'c present',
    ]);
  });

  it('reports an image with a disputed tag as incomplete', () => {
    const one = image(target('a.io/prod/app:v1', 'copy'));
    const find = mirrorFinder([one], new Set(['a.io/prod/app:v2', 'b.io/prod/app:v2']));
    expect(states(find(one, known({ unread: [unread] })))).toEqual(['a failed', 'b failed', 'c unknown']);
  });

  it.each<readonly [string, readonly MirrorState[], string]>([
    ['failed', ['done', 'unknown', 'failed', 'pending'], 'failed'],
    ['unknown', ['done', 'unknown', 'pending'], 'unknown'],
    ['pending', ['done', 'pending'], 'pending'],
    ['done', ['done', 'present'], 'done'],
  ])('reports an image as %s by the worst of its mirrors', (_, given, state) => {
    expect(stateOf({ mirrors: given.map((one) => ({ state: one })) })).toBe(state);
  });

  it('counts an image as promoted only if it was written and is complete everywhere', () => {
    const of = (...given: MirrorState[]): boolean => isPromoted({ mirrors: given.map((state) => ({ state })) });
    expect([of('done', 'present'), of('present'), of('done', 'pending'), of()]).toEqual([true, false, false, false]);
  });
});
