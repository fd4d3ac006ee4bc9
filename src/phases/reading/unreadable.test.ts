import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../errors.ts';
import { unreadable } from './unreadable.ts';

const denied = (repository: string): readonly [string, PromotionError] => [
  repository,
  new PromotionError('DENIED', `list the tags of ${repository}: the registry answered 403`, {
    hint: 'check the account',
  }),
];
const away = (repository: string, attempts: number): readonly [string, PromotionError] => {
  const host = repository.split('/')[0] ?? '';
  const url = `http://${repository.replace('/', '/v2/')}/tags/list`;
  return [
    repository,
    new PromotionError('NETWORK', `GET ${url}: connect ECONNREFUSED ${host} (after ${attempts} attempts)`),
  ];
};

describe('src/phases/reading/unreadable.ts', () => {
  it('returns one failure for the same error of one registry', () => {
    expect(unreadable(new Map([denied('a.test/one'), denied('a.test/two')]))).toEqual([
      {
        phase: 'plan',
        code: 'DENIED',
        message: 'reading registry a.test: list the tags of a.test/one: the registry answered 403',
        hint: 'check the account',
        refs: ['a.test/one', 'a.test/two'],
      },
    ]);
  });

  it('returns one failure for the same error of 22 registries, with their number', () => {
    const mirrors = Array.from({ length: 22 }, (_, index) => `m${index}.test:5000/prod/app`);
    const [first, ...others] = unreadable(new Map(mirrors.map((mirror, index) => away(mirror, 14 + (index % 3)))));
    expect(others).toEqual([]);
    expect(first).toMatchObject({ code: 'NETWORK', refs: mirrors });
    expect(first?.message).toMatch(/^reading registry m0\.test:5000 and 21 more: GET http:\/\/m0\.test:5000\//);
    expect(first?.hint).toBeUndefined();
  });

  it('states that a hint holds for all registries', () => {
    const [failure] = unreadable(new Map([denied('a.test/one'), denied('b.test/one')]));
    expect(failure?.hint).toBe('check the account; the same holds for the others');
  });

  it('returns a failure for each different error', () => {
    const other = new PromotionError('DENIED', 'list the tags of b.test/one: the registry answered 403: quota');
    const failures = unreadable(new Map([denied('a.test/one'), away('a.test/two', 3), ['b.test/one', other]]));
    expect(failures.map(({ code, refs }) => [code, refs])).toEqual([
      ['DENIED', ['a.test/one']],
      ['NETWORK', ['a.test/two']],
      ['DENIED', ['b.test/one']],
    ]);
  });
});
