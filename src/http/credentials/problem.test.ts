import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../errors.ts';
import { credentialProblem } from './problem.ts';

describe('src/http/credentials/problem.ts', () => {
  it("keeps the message of a library's error, and nothing of its objects", () => {
    const thrown = Object.assign(new Error('invalid_grant: assertion=eyJhbGciOi.J9 expired'), {
      config: { key: 'hunter2' },
    });
    const problem = credentialProblem('getting a token', 'log in again', thrown);
    expect(problem).toMatchObject({ code: 'UNAUTHORIZED', hint: 'log in again' });
    expect(problem.message).toBe('getting a token: invalid_grant: assertion=… expired');
    expect(inspect(problem)).not.toMatch(/hunter2|eyJ/);
  });

  it("keeps the code and message of our own error inside a library's error", () => {
    const own = new PromotionError('TIMEOUT', 'POST https://sts.example/: no response within 60 s');
    const problem = credentialProblem(
      'getting a token',
      'x',
      new Error('outer', { cause: new Error('inner', { cause: own }) }),
    );
    expect(problem).toMatchObject({ code: 'TIMEOUT', cause: own });
    expect(problem.message).toContain('no response within 60 s');
  });

  it('terminates for a cycle of causes', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(credentialProblem('getting a token', 'x', circle).message).toBe('getting a token: round');
    expect(credentialProblem('getting a token', 'x').message).toBe('getting a token');
  });
});
