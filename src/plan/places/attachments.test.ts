import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import { hasCopies, routedPrimaries, routeOf, strayStandby, type AttachmentRule } from './attachments.ts';

const RULES: readonly AttachmentRule[] = [
  { match: compilePattern('*.example/prod/copied') },
  {
    match: compilePattern('*.example/prod'),
    route: { through: 'images.example', standby: [compilePattern('b.example/prod')] },
  },
];

describe('src/plan/places/attachments.ts', () => {
  it('uses the first rule that matches, and keeps the rest of the path', () => {
    expect(routeOf('a.example/prod/sub/app', RULES)).toEqual({ through: 'images.example/sub/app', isStandby: false });
    expect(routeOf('b.example/prod/app', RULES)).toEqual({ through: 'images.example/app', isStandby: true });
    expect(routeOf('a.example/prod/copied/app', RULES)).toBe(undefined);
    expect(routeOf('a.example/production/app', RULES)).toBe(undefined);
    expect(routeOf('a.example/prod/app')).toBe(undefined);
  });

  it('copies to unrouted mirrors and to standbys', () => {
    const mirrors = ['a.example/prod/app', 'b.example/prod/app', 'a.example/prod/copied/app', 'ecr.test/app'];
    expect(mirrors.map((mirror) => hasCopies(mirror, RULES))).toEqual([false, true, true, true]);
  });

  it('returns primaries with a routed mirror', () => {
    const set = (name: string, ...destinations: string[]) => ({
      project: 'p',
      source: 's',
      name,
      destinations,
      images: [],
    });
    const sets = [set('app', 'x.test', 'a.example/prod'), set('tool', 'x.test', 'y.test')];
    expect([...routedPrimaries(sets, undefined, RULES)]).toEqual(['x.test/app']);
    expect([...routedPrimaries(sets, compilePattern('a.example'), RULES)]).toEqual(['a.example/prod/app']);
  });

  it('returns a standby that is not a destination, for rules in use', () => {
    expect(strayStandby(['a.example/prod', 'b.example/prod'], RULES)).toBe(undefined);
    expect(strayStandby(['a.example/prod'], RULES)?.standby.text).toBe('b.example/prod');
    expect(strayStandby(['x.test/prod'], RULES)).toBe(undefined);
    expect(strayStandby([], RULES)).toBe(undefined);
  });
});
