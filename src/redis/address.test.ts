import { describe, expect, it } from 'vitest';
import { parseRedisAddress } from './address.ts';

describe('src/redis/address.ts', () => {
  it.each([
    ['redis://cache', { host: 'cache', port: 6379, db: 0, tls: false, shown: 'redis://cache:6379' }],
    ['rediss://cache:6380/3', { host: 'cache', port: 6380, db: 3, tls: true, shown: 'rediss://cache:6380' }],
    ['redis://[::1]:7/', { host: '::1', port: 7, db: 0, tls: false, shown: 'redis://[::1]:7' }],
    [
      'redis://me:p%40ss%2F@cache:1/2',
      { host: 'cache', port: 1, db: 2, tls: false, username: 'me', password: 'p@ss/', shown: 'redis://cache:1' },
    ],
    [
      'redis://:secret@cache',
      { host: 'cache', port: 6379, db: 0, tls: false, password: 'secret', shown: 'redis://cache:6379' },
    ],
  ])('reads %s', (text, address) => {
    expect(parseRedisAddress(text)).toEqual(address);
  });

  it.each([
    '',
    'cache',
    'cache:6379',
    'http://cache',
    'redis://',
    'redis://cache/queue',
    'redis://cache/1/2',
    'redis://cache/?db=1',
    'redis://cache#1',
    'redis://:%E0%A4%A@cache',
    'redis://cache:99999',
    'redis://cache:0',
    'redis://127.1',
    'redis://1.2.3:6379',
    'redis://ca_che',
  ])('rejects %j', (text) => {
    expect(parseRedisAddress(text)).toBeUndefined();
  });
});
