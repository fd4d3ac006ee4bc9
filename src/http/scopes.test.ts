import { describe, expect, it } from 'vitest';
import { mergeScopes, scopeStrings } from './scopes.ts';

describe('src/http/scopes.ts', () => {
  it('writes equal permissions as equal strings, actions and repositories sorted', () => {
    expect(
      scopeStrings([
        { repository: 'b', actions: ['push', 'pull'] },
        { repository: 'a/c', actions: ['pull'] },
        { repository: 'b', actions: ['delete'] },
      ]),
    ).toEqual(['repository:a/c:pull', 'repository:b:delete,pull,push']);
  });

  it('merges the scopes of a challenge', () => {
    expect(
      mergeScopes(['repository:host:5000/a:pull', 'registry:catalog:*', 'repository:host:5000/a:push,pull']),
    ).toEqual(['registry:catalog:*', 'repository:host:5000/a:pull,push']);
    expect(mergeScopes([])).toEqual([]);
  });
});
