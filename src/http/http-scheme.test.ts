import { describe, expect, it } from 'vitest';
import { baseUrl, registryName } from './http-scheme.ts';

describe('src/http/http-scheme.ts', () => {
  it.each([
    ['localhost:5000', 'http://localhost:5000/'],
    ['127.0.0.1', 'http://127.0.0.1/'],
    ['127.1.2.3:80', 'http://127.1.2.3/'],
    ['[::1]:5000', 'http://[::1]:5000/'],
    ['Plain.Example', 'https://plain.example/'],
    ['plain.example:5000.evil.com', 'https://plain.example:5000.evil.com/'],
    ['localhost.evil.com', 'https://localhost.evil.com/'],
    ['10.0.0.1:5000', 'https://10.0.0.1:5000/'],
    ['registry.example:443', 'https://registry.example/'],
    ['docker.io', 'https://registry-1.docker.io/'],
    ['index.docker.io', 'https://registry-1.docker.io/'],
  ])('reaches %s at %s', (host, expected) => {
    if (!URL.canParse(expected)) expect(() => baseUrl(host)).toThrow('Invalid URL');
    else expect(baseUrl(host).href).toBe(expected);
  });

  it.each([
    ['Plain.Example:5000', true, 'http://plain.example:5000/'],
    ['plain.example:443', true, 'http://plain.example:443/'],
    ['10.0.0.1', true, 'http://10.0.0.1/'],
    ['localhost:5000', true, 'http://localhost:5000/'],
    ['localhost:5000', false, 'https://localhost:5000/'],
    ['127.0.0.1', false, 'https://127.0.0.1/'],
    ['plain.example', false, 'https://plain.example/'],
  ])('reaches %s, with insecure set to %s, at %s', (host, insecure, expected) => {
    expect(baseUrl(host, insecure).href).toBe(expected);
  });

  it('returns the common name of a registry', () => {
    expect(registryName('registry-1.docker.io')).toBe('docker.io');
    expect(registryName('gcr.io')).toBe('gcr.io');
  });
});
