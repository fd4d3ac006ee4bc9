import { X509Certificate } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { scriptedServer, type Answer } from '../../../test/support/scripted-server.ts';
import { signingWorld, type SigningWorld } from '../../../test/support/signing.ts';
import type { Fetch } from '../../http/fetch.ts';
import { httpStack } from '../../http/stack.ts';
import { certify, type Certified } from './fulcio.ts';
import { readToken } from '../identity/token.ts';

const forever = new AbortController().signal;

function fetchIn({ clock }: SigningWorld): Fetch {
  const stack = httpStack({ clock, random: () => 1 });
  onTestFinished(() => stack.close());
  return stack.outbound;
}

function certified(world: SigningWorld, fulcio = world.sigstore.fulcioUrl): Promise<Certified> {
  const token = readToken(world.sigstore.token(), 'of the test', world.clock.now());
  return certify({ fetch: fetchIn(world), fulcio: new URL(fulcio) }, token, forever);
}

describe('src/attest/services/fulcio.ts', () => {
  it('returns a certificate for a new key, with its chain', async () => {
    const world = await signingWorld();
    const [one, other] = [await certified(world), await certified(world)];
    const [leaf, issuer] = [one.certificate, one.chain[0] ?? ''].map((pem) => new X509Certificate(pem));
    if (leaf === undefined || issuer === undefined) throw new Error('no chain');
    expect(leaf.checkPrivateKey(one.privateKey)).toBe(true);
    expect(leaf.verify(issuer.publicKey)).toBe(true);
    expect(one.privateKey.equals(other.privateKey)).toBe(false);
  });

  it('rejects the certificate of another key', async () => {
    const world = await signingWorld();
    const { certificate, chain } = await certified(world);
    const answer = { signedCertificateEmbeddedSct: { chain: { certificates: [certificate, ...chain] } } };
    const json: Answer = (_request, response) => void response.end(JSON.stringify(answer));
    const { url } = await scriptedServer(json);
    expect(await rejection(certified(world, url.href))).toMatchObject({
      code: 'SIGNING_SERVICE',
      message: expect.stringContaining('unexpected format'),
    });
  });

  it.each(['', '{}', '{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}'])(
    'reports the unexpected format of the response "%s"',
    async (body) => {
      const { url } = await scriptedServer((_request, response) => void response.end(body));
      expect(await rejection(certified(await signingWorld(), url.href))).toMatchObject({
        code: 'SIGNING_SERVICE',
        message: expect.stringContaining('unexpected format'),
      });
    },
  );

  it('hides the token if Fulcio repeats it', async () => {
    const world = await signingWorld();
    const raw = world.sigstore.token();
    const { url } = await scriptedServer(
      (_request, response) => void response.writeHead(400).end(JSON.stringify({ message: `bad token ${raw}` })),
    );
    const token = readToken(raw, 'of the test', world.clock.now());
    const error = await rejection(certify({ fetch: fetchIn(world), fulcio: url }, token, forever));
    expect(error).toMatchObject({ message: expect.stringContaining('it responded with 400: bad token …') });
  });
});
