import { describe, expect, it } from 'vitest';
import type { Digest } from '../../image/digest.ts';
import { isAbout, parseStatement, referencesIn, SIGNATURE, signatureStatement, statementBytes } from './statement.ts';

const digest: Digest = `sha256:${'a'.repeat(64)}`;
const other: Digest = `sha256:${'b'.repeat(64)}`;

describe('src/attest/formats/statement.ts', () => {
  it("writes a signature as cosign's statement, with the signed name", () => {
    const text = Buffer.from(signatureStatement('registry.k8s.io/app', digest)).toString();
    expect(text).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.k8s.io/app","digest":{"sha256":"${'a'.repeat(64)}"},"annotations":{}}],"predicateType":"${SIGNATURE}","predicate":{}}`,
    );
  });

  it("records the signing program's version if given", () => {
    const statement = parseStatement(signatureStatement('r/a', digest, 'kpromo-v1.0.0'));
    expect(statement?.subject[0]?.annotations).toEqual({ 'org.kubernetes.kpromo.version': 'kpromo-v1.0.0' });
  });

  it('parses the subject of a statement', () => {
    const bytes = statementBytes({ digest, reference: 'r/a', predicateType: 'https://x/1', predicate: { a: '<b>' } });
    const statement = parseStatement(bytes);
    if (statement === undefined) throw new Error('no statement');
    expect(statement).toMatchObject({ predicateType: 'https://x/1', predicate: { a: '<b>' } });
    expect([isAbout(statement, digest), isAbout(statement, other)]).toEqual([true, false]);
    expect([referencesIn(statement, digest), referencesIn(statement, other)]).toEqual([['r/a'], []]);
  });

  it('parses version 0.1, which cosign still writes', () => {
    const old = { _type: 'https://in-toto.io/Statement/v0.1', subject: [{ name: 'a', digest: { sha256: 'c' } }] };
    expect(parseStatement(Buffer.from(JSON.stringify({ ...old, predicateType: 'p', predicate: {} })))).toBeDefined();
  });

  it.each(['', 'null', '{"_type":"https://in-toto.io/Statement/v2"}', '[]', '{"_type":1}'])(
    'rejects %s as a statement',
    (text) => {
      expect(parseStatement(Buffer.from(text))).toBeUndefined();
    },
  );
});
