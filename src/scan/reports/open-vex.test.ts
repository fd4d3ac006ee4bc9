import { describe, expect, it } from 'vitest';
import { readOpenVex } from './open-vex.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const OTHER = `sha256:${'b'.repeat(64)}` as const;
const IMAGE = `pkg:oci/app@${DIGEST.replace(':', '%3A')}?repository_url=registry.example/app`;

const statement = (given: object = {}): object => ({
  vulnerability: { '@id': 'https://nvd.nist.gov/vuln/detail/CVE-2026-1', name: 'CVE-2026-1', aliases: ['GHSA-1'] },
  products: [{ '@id': IMAGE }],
  status: 'not_affected',
  justification: 'vulnerable_code_not_present',
  impact_statement: 'There is\nno TLS.',
  ...given,
});
const document = (...statements: object[]): object => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex/1',
  author: 'Acme',
  timestamp: '2026-06-15T12:00:00Z',
  version: 1,
  statements,
});
const about = (
  given: object,
  { digest = DIGEST, attached = false }: { digest?: `sha256:${string}`; attached?: boolean } = {},
): unknown => readOpenVex(document(statement(given)))?.about(digest, attached);

describe('src/scan/reports/open-vex.ts', () => {
  it('keeps status, justification, statement, author and time', () => {
    expect(about({})).toEqual([
      {
        ids: ['CVE-2026-1', 'GHSA-1'],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
        statement: 'There is no TLS.',
        author: 'Acme',
        time: Date.UTC(2026, 5, 15, 12),
        packages: [],
      },
    ]);
  });

  it('prefers the time of a statement to that of its document', () => {
    expect(about({ timestamp: '2026-06-16T00:00:00Z' })).toMatchObject([{ time: Date.UTC(2026, 5, 16) }]);
    const both = { timestamp: '2026-06-16T00:00:00Z', last_updated: '2026-06-17T00:00:00Z' };
    expect(about(both)).toMatchObject([{ time: Date.UTC(2026, 5, 17) }]);
  });

  it.each([
    ['a package URL', { '@id': IMAGE }],
    ['an identifier', { '@id': 'app', identifiers: { purl: IMAGE } }],
    ['a hash', { '@id': 'app', hashes: { 'sha-256': 'A'.repeat(64) } }],
    ['a reference', { '@id': `registry.example/app@${DIGEST}` }],
    ['plain text, as before v0.2.0', IMAGE],
  ])('recognizes the image by %s', (_, product) => {
    expect(about({ products: [product] })).toMatchObject([{ packages: [] }]);
    expect(about({ products: [product] }, { digest: OTHER })).toEqual([]);
  });

  it('returns the named packages of the image', () => {
    const products = [{ '@id': IMAGE, subcomponents: [{ '@id': 'pkg:deb/debian/openssl@3.0.1' }] }];
    expect(about({ products })).toMatchObject([
      { packages: [{ type: 'deb', name: 'debian/openssl', version: '3.0.1' }] },
    ]);
  });

  it('ignores a statement whose packages are unknown', () => {
    expect(about({ products: [{ '@id': IMAGE, subcomponents: [{ '@id': 'the part' }] }] })).toEqual([]);
  });

  it('applies a statement about a package to any image', () => {
    expect(about({ products: [{ '@id': 'pkg:apk/wolfi/git' }] }, { digest: OTHER })).toMatchObject([
      { packages: [{ type: 'apk', name: 'wolfi/git' }] },
    ]);
  });

  it('applies a statement without a product or digest to the image that it is attached to', () => {
    expect(about({ products: [] })).toEqual([]);
    expect(about({ products: [] }, { attached: true })).toMatchObject([{ packages: [] }]);
    expect(about({ products: ['pkg:oci/app'] })).toEqual([]);
    expect(about({ products: ['pkg:oci/app'] }, { attached: true })).toMatchObject([{ packages: [] }]);
    expect(about({ products: [{ '@id': IMAGE }] }, { digest: OTHER, attached: true })).toEqual([]);
  });

  it('reads a vulnerability that is plain text', () => {
    expect(about({ vulnerability: 'CVE-2026-9' })).toMatchObject([{ ids: ['CVE-2026-9'] }]);
  });

  it.each([
    ['another context', { ...document(statement()), '@context': 'https://example.com/ns' }],
    ['a status that is none', document(statement({ status: 'harmless' }))],
    ['no statements', { '@context': 'https://openvex.dev/ns/v0.2.0' }],
    ['text', 'openvex'],
  ])('rejects a document with %s', (_, value) => {
    expect(readOpenVex(value)).toBeUndefined();
  });
});
