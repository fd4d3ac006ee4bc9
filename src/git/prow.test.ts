import { describe, expect, it } from 'vitest';
import { prowBase } from './prow.ts';

describe('src/git/prow.ts', () => {
  it.each([
    [{ JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'abc' }, 'abc'],
    [{ JOB_TYPE: 'batch', PULL_BASE_SHA: 'abc' }, 'abc'],
    [{ JOB_TYPE: 'postsubmit', PULL_BASE_SHA: 'abc' }, 'HEAD^'],
  ])('compares with the right commit in %j', (env, expected) => {
    expect(prowBase(env)).toBe(expected);
  });

  it.each([
    [{ JOB_TYPE: 'periodic' }, 'a job of the type "periodic"'],
    [{}, 'a job of the type ""'],
    [{ JOB_TYPE: 'presubmit' }, 'PULL_BASE_SHA is not set in this presubmit'],
    [{ JOB_TYPE: 'batch', PULL_BASE_SHA: '' }, 'PULL_BASE_SHA is not set in this batch'],
  ])('refuses %j', (env, message) => {
    expect(() => prowBase(env)).toThrow(message);
  });
});
