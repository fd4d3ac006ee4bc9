import { describe, expect, it } from 'vitest';
import { environmentProxy } from './environment-proxy.ts';

const via = (env: Record<string, string>, target: string): string | undefined =>
  environmentProxy(env)(new URL(target))?.href;

const exempt = (list: string, target: string): boolean =>
  via({ HTTP_PROXY: 'http://p', HTTPS_PROXY: 'http://p', NO_PROXY: list }, target) === undefined;

describe('src/http/transport/environment-proxy.ts', () => {
  it.each([
    [{ HTTPS_PROXY: 'http://p:3128' }, 'https://a.example', 'http://p:3128/'],
    [{ HTTPS_PROXY: 'http://p:3128' }, 'http://a.example', undefined],
    [{ HTTP_PROXY: 'https://p' }, 'http://a.example', 'https://p/'],
    [{ HTTP_PROXY: 'http://p' }, 'https://a.example', undefined],
    [{ https_proxy: 'p:3128' }, 'https://a.example', 'http://p:3128/'],
    [{ HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' }, 'https://a.example', 'http://upper/'],
    [{ HTTPS_PROXY: '', https_proxy: 'http://lower' }, 'https://a.example', 'http://lower/'],
    [{ HTTPS_PROXY: 'http://u:p@p:1' }, 'https://a.example', 'http://u:p@p:1/'],
    [{ HTTPS_PROXY: 'http://p', no_proxy: 'a.example' }, 'https://a.example', undefined],
    [{ HTTP_PROXY: 'http://p' }, 'http://localhost:5000', undefined],
    [{ HTTP_PROXY: 'http://p' }, 'http://127.0.0.1:5000', undefined],
    [{ HTTP_PROXY: 'http://p' }, 'http://[::1]:5000', undefined],
    [{}, 'https://a.example', undefined],
  ])('with %j sends a request for %s through %s', (env, target, expected) => {
    expect(via(env as Record<string, string>, target)).toBe(expected);
  });

  it.each([
    ['*', 'https://a.example'],
    ['a.example', 'https://a.example'],
    ['A.Example', 'https://a.example.'],
    ['a.example', 'https://b.a.example'],
    ['.a.example', 'https://b.a.example'],
    ['*.a.example', 'https://b.a.example'],
    ['x, a.example ,y', 'https://a.example'],
    ['x a.example', 'https://a.example'],
    ['a.example:443', 'https://a.example'],
    ['a.example:5000', 'https://a.example:5000'],
    ['10.0.0.0/8', 'http://10.20.30.40:5000'],
    ['10.1.2.3', 'http://10.1.2.3'],
    ['10.1.2.3:80', 'http://10.1.2.3'],
    ['fd00::/8', 'https://[fd12::1]'],
    ['fd12::1', 'https://[fd12:0:0::1]'],
    ['[fd12::1]:443', 'https://[fd12::1]'],
  ])('given %j, exempts %s', (list, target) => {
    expect(exempt(list, target)).toBe(true);
  });

  it.each([
    ['', 'https://a.example'],
    ['.', 'https://a.example'],
    ['a.example', 'https://ba.example'],
    ['a.example', 'https://a.example.evil.example'],
    ['.a.example', 'https://a.example'],
    ['*.a.example', 'https://a.example'],
    ['a.example:443', 'http://a.example'],
    ['a.example:5000', 'https://a.example'],
    ['10.0.0.0/8', 'https://11.0.0.1'],
    ['10.0.0.0/8', 'https://10.example'],
    ['10.0.0.0/33', 'https://10.0.0.1'],
    ['10.1.2.3', 'https://110.1.2.3'],
    ['10.1.2.3:81', 'http://10.1.2.3'],
    ['fd12::1', 'https://[fd12::2]'],
  ])('given %j, does not exempt %s', (list, target) => {
    expect(exempt(list, target)).toBe(false);
  });

  it.each(['socks5://user:hunter2@p:1080', 'http://', 'http://user:hunter2@p:port'])(
    'rejects %s without quoting it',
    (value) => {
      expect(() => environmentProxy({ HTTPS_PROXY: value })).toThrow(
        expect.objectContaining({ code: 'USAGE', message: 'HTTPS_PROXY is not the address of an HTTP proxy' }),
      );
    },
  );
});
