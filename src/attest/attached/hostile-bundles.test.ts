import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestNumber, openedSigning, payloadNumber, statementNumber } from '../../../test/support/signing.ts';
import type { Verdict } from '../roles.ts';

const forever = new AbortController().signal;
const digest = digestNumber(1);

/** A JSON document of which one value is another, is gone, or whose text is changed somewhere. */
function mutated(text: string, withBroken = true): fc.Arbitrary<string> {
  const places: (string | number)[][] = [];
  const visit = (value: unknown, path: (string | number)[]): void => {
    places.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, one] of Object.entries(value)) visit(one, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(JSON.parse(text), []);
  const withValue = ([at, value, isGone]: [(string | number)[], unknown, boolean]): string => {
    const document = JSON.parse(text) as Record<string | number, unknown>;
    const last = at.at(-1);
    if (last === undefined) return JSON.stringify(value) ?? '';
    const parent = at.slice(0, -1).reduce((one, key) => one[key] as Record<string | number, unknown>, document);
    if (isGone) delete parent[last];
    else parent[last] = value;
    return JSON.stringify(document);
  };
  const other = fc
    .tuple(fc.constantFrom(...places), fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.base64String()), fc.boolean())
    .map(withValue);
  const broken = fc
    .tuple(fc.nat(text.length), fc.string({ maxLength: 3 }))
    .map(([at, more]) => text.slice(0, at) + more + text.slice(at + 1));
  return withBroken ? fc.oneof(other, broken) : other;
}

/** What engines and libraries say to programmers. */
const EXCEPTION = /undefined|null|Cannot|argument|instance of|token|\[|\{|\n|buffer|ERR_/;

function expectWords({ status, reason = '' }: Verdict): void {
  if (status === 'verified') return;
  expect(reason).not.toBe('');
  if (!reason.startsWith('kind/version mismatch')) expect(reason).not.toMatch(EXCEPTION);
  expect(reason.length).toBeLessThan(300);
}

const textsIn = (text: string): Readonly<Record<string, string>> => {
  const value: unknown = JSON.parse(text);
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([key, one]) => [key, String(one)]));
};

describe('src/attest/verifying/verify.ts on hostile bytes', () => {
  it('returns a verdict with a reason for any attached bytes', async () => {
    const { signing } = await openedSigning();
    const [signer, verifier] = [await signing.signer(forever), await signing.verifier(forever)];
    const bundle = Buffer.from(await signer.signStatement(statementNumber(1), forever)).toString('utf8');
    const { payload, annotations } = await signer.signPayload(payloadNumber(1), forever);
    fc.assert(
      fc.property(mutated(bundle), (text) => expectWords(verifier.bundle(Buffer.from(text), digest))),
      { seed: 12, numRuns: 150 },
    );
    fc.assert(
      fc.property(mutated(JSON.stringify(annotations), false), fc.boolean(), (text, isAttestation) => {
        const some = textsIn(text);
        expectWords(
          isAttestation
            ? verifier.legacyAttestation(payload, some, digest)
            : verifier.legacy({ payload, annotations: some }, digest),
        );
      }),
      { seed: 12, numRuns: 100 },
    );
  });
});
