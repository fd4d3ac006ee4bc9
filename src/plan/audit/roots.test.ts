import { describe, expect, it } from 'vitest';
import { commonRoots, rootOf, topmost } from './roots.ts';

describe('src/plan/audit/roots.ts', () => {
  it('finds the root of a name by whole components', () => {
    const roots = new Set(['a.test/prod', 'b.test']);
    expect(rootOf('a.test/prod/app', roots)).toBe('a.test/prod');
    expect(rootOf('a.test/production/app', roots)).toBe(undefined);
    expect(rootOf('b.test/x/y', roots)).toBe('b.test');
  });

  it('keeps names that are not below another one', () => {
    expect(topmost(new Set(['a.test/prod/one', 'a.test/prod', 'a.test/production', 'b.test/x']))).toEqual([
      'a.test/prod',
      'a.test/production',
      'b.test/x',
    ]);
  });

  it('finds what all roots of a host are below', () => {
    expect([...commonRoots(['a.test/images/one', 'a.test/images/two/x', 'b.test/x', 'c.test/x', 'c.test/y'])]).toEqual([
      ['a.test', 'a.test/images'],
      ['b.test', 'b.test/x'],
      ['c.test', 'c.test'],
    ]);
  });
});
