import { describe, expect, it } from 'vitest';
import { addressAdvice, addressProblem, isLoopback, isPrivate, resolvedProblem, withKeptScheme } from './addresses.ts';

const problem = (target: string, from?: string): string | undefined =>
  addressProblem(new URL(target), from === undefined ? undefined : new URL(from));

describe('src/http/transport/addresses.ts', () => {
  it.each([
    'http://169.254.169.254/latest',
    'https://169.254.0.1',
    'http://0xA9FEA9FE/', // the same address as hexadecimal
    'http://2852039166/', // and as a number
    'http://0251.0376.0251.0376/', // in octal
    'http://169.16689662/', // with parts left out
    'http://0xa9.254.0251.0xfe./', // in all of these, with the root's dot
    'http://１６９.254.169.254/', // in other digits
    'http://169。254。169。254/', // and with other dots
    'http://[::169.254.169.254]/',
    'http://[::ffff:0:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://[fd00:ec2::23]/',
    'http://169.254.170.2/v2/credentials',
    'http://100.100.100.200/latest',
    'http://192.0.0.192/opc/v2/',
    'http://168.63.129.16/machine',
    'http://[fe80::1]/',
    'http://[febf::1]:80/',
    'http://[fd00:ec2::254]/',
    'http://[::ffff:169.254.169.254]/',
    'http://metadata.google.internal/',
    'http://METADATA.google.internal./computeMetadata',
  ])('rejects %s from any origin', (target) => {
    expect(problem(target)).toContain('metadata');
    expect(problem(target, 'http://127.0.0.1')).toContain('metadata');
  });

  it.each([
    'https://169.253.1.1',
    'https://metadata.google.internal.example.com',
    'https://[fec0::1]',
    'https://eu.gcr.io',
  ])('accepts %s', (target) => {
    expect(problem(target, 'https://registry.example')).toBeUndefined();
  });

  it.each([
    'https://10.0.0.1',
    'https://172.16.0.1',
    'https://172.31.255.1',
    'https://192.168.1.1',
    'https://127.0.0.1',
    'https://localhost:5000',
    'https://[::1]',
    'https://[fc00::1]',
    'https://100.64.0.1',
    'https://0.0.0.0',
    'https://[::ffff:10.0.0.1]',
  ])('rejects %s when a public registry names it, but not when a private one does', (target) => {
    expect(problem(target, 'https://registry.example')).toContain('private');
    expect(problem(target, 'https://10.1.1.1')).toBeUndefined();
    expect(problem(target)).toBeUndefined();
  });

  it('rejects a change from HTTPS to HTTP and any other scheme', () => {
    expect(problem('http://cdn.example', 'https://registry.example')).toContain('plain HTTP');
    expect(problem('http://cdn.example', 'http://registry.example')).toBeUndefined();
    expect(problem('file:///etc/passwd', 'http://registry.example')).toContain('scheme');
    expect(problem('ftp://cdn.example')).toContain('scheme');
  });

  it.each([
    ['http://registry.example/v2/x?a=1', 'https://registry.example', 'https://registry.example/v2/x?a=1'],
    ['http://registry.example:443/x', 'https://registry.example', 'https://registry.example/x'],
    ['http://registry.example:5000/x', 'https://registry.example:5000', 'https://registry.example:5000/x'],
  ])('corrects %s from %s to %s', (target, from, expected) => {
    expect(withKeptScheme(new URL(target), new URL(from)).href).toBe(expected);
  });

  it.each([
    ['http://registry.example:8080/x', 'https://registry.example'],
    ['http://registry.example.evil/x', 'https://registry.example'],
    ['http://cdn.example/x', 'https://registry.example'],
    ['http://registry.example/x', 'http://registry.example'],
    ['https://registry.example/x', 'http://registry.example'],
  ])('leaves %s from %s unchanged', (target, from) => {
    expect(withKeptScheme(new URL(target), new URL(from)).href).toBe(target);
  });

  it('hints at the proxy when an HTTPS registry names plain HTTP, otherwise at the server that named the address', () => {
    const advice = (target: string, from?: string): string =>
      addressAdvice(new URL(target), from === undefined ? undefined : new URL(from));
    expect(advice('http://cdn.example', 'https://registry.example')).toMatch(/registry\.example.*X-Forwarded-Proto/);
    expect(advice('https://10.0.0.1', 'https://registry.example')).toMatch(/configuration of registry\.example/);
    expect(advice('http://169.254.169.254')).toMatch(/name of the registry/);
  });

  it('distinguishes loopback and private hosts from similar names', () => {
    expect(['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(
      ['localhost.example.com', 'notlocalhost', '128.0.0.1', '127.0.0.1.example.com', '10.0.0.1'].map(isLoopback),
    ).toEqual([false, false, false, false, false]);
    expect(['172.32.0.1', '10.example.com', '11.0.0.1'].map(isPrivate)).toEqual([false, false, false]);
  });

  it('permits each credential source its own metadata address, and no other', () => {
    const asks = (target: string, metadata: 'google' | 'ecr'): boolean =>
      addressProblem(new URL(target), undefined, { metadata }) === undefined;
    expect(asks('http://169.254.169.254/computeMetadata/v1/', 'google')).toBe(true);
    expect(asks('http://metadata.google.internal/computeMetadata/v1/', 'google')).toBe(true);
    expect(asks('http://169.254.169.254/latest/api/token', 'ecr')).toBe(true);
    expect(asks('http://169.254.170.2/v2/credentials', 'ecr')).toBe(true);
    expect(asks('http://[fd00:ec2::23]/v1/credentials', 'ecr')).toBe(true);
    expect(asks('http://169.254.170.2/', 'google')).toBe(false);
    expect(asks('http://metadata.google.internal/', 'ecr')).toBe(false);
    expect(asks('http://169.254.169.253/', 'google')).toBe(false);
    expect(asks('http://[::ffff:169.254.169.254]/', 'google')).toBe(false);
  });

  it("prefers the addresses that connections have shown to the host's name", () => {
    const inside = (host: string): boolean => host === 'registry.corp' || isPrivate(host);
    const between = (from: string, to: string): string | undefined =>
      addressProblem(new URL(to), new URL(from), { inside });
    expect(between('https://registry.corp/', 'https://10.0.0.1/token')).toBeUndefined();
    expect(between('https://registry.example/', 'https://registry.corp/token')).toContain('private');
  });

  it.each([
    ['169.254.169.254', 'anywhere', true],
    ['::ffff:169.254.169.254', 'anywhere', true],
    ['::ffff:a9fe:a9fe', 'outside', true],
    ['fd00:ec2::254', 'anywhere', true],
    ['fe80::1', 'anywhere', true],
    ['10.0.0.1', 'anywhere', false],
    ['10.0.0.1', 'outside', true],
    ['::1', 'outside', true],
    ['::ffff:127.0.0.1', 'outside', true],
    ['192.0.2.1', 'outside', false],
    ['169.254.169.254', 'google', false],
    ['169.254.170.2', 'google', true],
    ['169.254.170.2', 'ecr', false],
  ] as const)('classifies a name that resolves to %s for a request to %s', (address, reach, refused) => {
    expect(resolvedProblem(address, reach) !== undefined).toBe(refused);
  });
});
