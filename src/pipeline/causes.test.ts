import { describe, expect, it } from 'vitest';
import { causesOf, type Groupable } from './causes.ts';

const away = (image: string, host: string, why = 'connect ECONNREFUSED'): Groupable => ({
  code: 'NETWORK',
  message: `PUT http://${host}/v2/prod/${image}/manifests/v1: ${why} ${host} (after 3 attempts)`,
  image,
  refs: [`${host}/prod/${image}:v1`],
});
const lost = (image: string): Groupable => ({
  code: 'LOST',
  message: `skipping s.io/${image} because it is _LOST_`,
  image,
  refs: [`a.io/prod/${image}:v1`],
});

const sizes = (failures: readonly Groupable[]): readonly number[] =>
  causesOf(failures).map(({ failures: alike }) => alike.length);

describe('src/pipeline/causes.ts', () => {
  it('groups all images that failed on one host, for any message', () => {
    const failures = [away('one', 'a.io'), away('two', 'a.io', 'socket hang up'), away('three', 'a.io')];
    expect(causesOf(failures)).toEqual([{ first: failures[0], failures, hosts: ['a.io'] }]);
  });

  it('groups hosts with the same message', () => {
    const failures = ['a.io', 'b.io:5000', 'c.io'].map((host) => away('app', host));
    expect(causesOf(failures)).toMatchObject([{ hosts: ['a.io', 'b.io:5000', 'c.io'] }]);
  });

  it('separates different codes, and hosts with other messages', () => {
    expect(sizes([away('one', 'a.io'), { ...away('two', 'a.io'), code: 'TIMEOUT' }])).toEqual([1, 1]);
    expect(sizes([away('one', 'a.io'), away('one', 'b.io', 'getaddrinfo ENOTFOUND')])).toEqual([1, 1]);
  });

  it('never groups failures of entries, even the same one twice', () => {
    const one = lost('one');
    expect(sizes([one, lost('two'), one])).toEqual([1, 1, 1]);
  });

  it('groups failures without an image by their registries', () => {
    const unread = ['one', 'two'].map((name) => ({ code: 'LOST', message: 'x', refs: [`a.io/prod/${name}`] }));
    expect(sizes(unread)).toEqual([2]);
    expect(
      sizes([
        { code: 'MANIFEST_INVALID', message: 'x' },
        { code: 'MANIFEST_INVALID', message: 'x' },
      ]),
    ).toEqual([1, 1]);
  });

  it('groups a failure of all images that names no host', () => {
    const trust = ['one', 'two'].map((image) => ({
      code: 'TRUST_ROOT',
      message: `signing ${image}/x@sha256:00: the trusted root cannot be had`,
      image,
      refs: [`a.io/prod/${image}@sha256:00`],
    }));
    expect(sizes(trust)).toEqual([2]);
  });

  it('groups a long message of one word quickly', () => {
    const long = { ...away('one', 'a.io'), message: 'x'.repeat(1_000_000) };
    expect(sizes([long, long])).toEqual([2]);
  });
});
