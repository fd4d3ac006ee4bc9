import { X509Certificate } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import { codeSigningChain } from '../../../test/support/sigstore/certificates.ts';
import { encodedOnce, encodedWhenAsked } from './known-der.ts';

describe('src/attest/verifying/known-der.ts', () => {
  it('keeps the encoding of each trusted certificate', async () => {
    const { leaf, root } = await codeSigningChain(Date.UTC(2026, 0, 1));
    const ders = [leaf, root].map(({ certificate }) => Buffer.from(certificate.rawData));
    const certChain = ders.map((der) => X509Certificate.parse(der));
    const validFor = { start: new Date(0), end: new Date() };
    const authorities = { certificateAuthorities: [{ certChain, validFor }], timestampAuthorities: [] };
    encodedOnce({ ...authorities, tlogs: [], ctlogs: [] } as unknown as TrustMaterial);
    expect(certChain.map((one) => Buffer.from(one.root.toDER()))).toEqual(ders);
    for (const { root: whole, tbsCertificate } of certChain) {
      expect(whole.toDER()).toBe(whole.toDER());
      expect(tbsCertificate.toDER()).toBe(tbsCertificate.toDER());
    }
    const [own, above] = certChain;
    expect(own?.verify(above)).toBe(true);
  });

  it('keeps the encoding of a certificate that was asked for', async () => {
    const { leaf, root } = await codeSigningChain(Date.UTC(2026, 0, 1));
    const der = Buffer.from(leaf.certificate.rawData);
    const certificate = X509Certificate.parse(der);
    encodedWhenAsked(certificate);
    expect(Buffer.from(certificate.root.toDER())).toEqual(der);
    for (const object of [certificate.root, certificate.tbsCertificate]) expect(object.toDER()).toBe(object.toDER());
    expect(certificate.verify(X509Certificate.parse(Buffer.from(root.certificate.rawData)))).toBe(true);
  });
});
