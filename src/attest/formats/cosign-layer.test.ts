import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../../image/digest.ts';
import { parsePayload, signaturePayload } from './cosign-layer.ts';

const digest: Digest = `sha256:${'a'.repeat(64)}`;

describe('src/attest/formats/cosign-layer.ts', () => {
  it('writes the payload byte for byte like cosign', () => {
    expect(Buffer.from(signaturePayload('registry.k8s.io/app', digest)).toString()).toBe(
      `{"critical":{"identity":{"docker-reference":"registry.k8s.io/app"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":null}`,
    );
  });

  it('adds the version where upstream does', () => {
    expect(Buffer.from(signaturePayload('r/a', digest, 'kpromo-v4.6.0')).toString()).toMatch(
      /,"optional":\{"org\.kubernetes\.kpromo\.version":"kpromo-v4\.6\.0"\}\}$/,
    );
  });

  it("escapes like Go's JSON", () => {
    expect(Buffer.from(signaturePayload('a<b>&\u2028', digest)).toString()).toContain(
      '"a\\u003cb\\u003e\\u0026\\u2028"',
    );
  });

  it('parses name and digest', () => {
    expect(parsePayload(signaturePayload('r/a<b>', digest, 'v'))).toEqual({ reference: 'r/a<b>', digest });
  });

  it.each(['', '{}', '{"critical":{"identity":{},"image":{},"type":"cosign container image signature"}}'])(
    'rejects %s as a payload',
    (text) => {
      expect(parsePayload(Buffer.from(text))).toBeUndefined();
    },
  );

  it('rejects a payload of another type', () => {
    const text = Buffer.from(signaturePayload('r/a', digest)).toString().replace('container image', 'blob');
    expect(digestOf(Buffer.from(text))).not.toBe(digestOf(signaturePayload('r/a', digest)));
    expect(parsePayload(Buffer.from(text))).toBeUndefined();
  });
});
