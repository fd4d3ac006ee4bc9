import { describe, expect, it, onTestFinished } from 'vitest';
import { authority, type Certificate } from '../../../test/support/certificates.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport } from '../../../test/support/sockets.ts';
import { startTlsFront, type TlsFront } from '../../../test/support/tls-front.ts';
import { isTransient } from './network-error.ts';
import type { OriginSettings } from './origin-settings.ts';

const ours = authority('ours');
const theirs = authority('theirs');

/** In TLS 1.3 Node refuses a client's certificate by closing the connection without a word, unlike other servers. */
const OLD = 'TLSv1.2';

/** A server that answers over TLS with this certificate, and asks for its clients' where `clients` signs those. */
async function tlsServer({ cert, key }: Certificate, clients?: string): Promise<TlsFront> {
  const backend = await scriptedServer((_request, response) => void response.end('hello'));
  const asking =
    clients === undefined
      ? {}
      : ({ ca: clients, requestCert: true, rejectUnauthorized: true, maxVersion: OLD } as const);
  const front = await startTlsFront(backend.url.host, { cert, key, ...asking });
  onTestFinished(() => front[Symbol.asyncDispose]());
  return front;
}

async function get(host: string, settings: OriginSettings): Promise<string> {
  const { fetch } = openedTransport({ settingsOf: () => settings });
  const response = await fetch(requestTo(`https://${host}/`));
  return Buffer.from(await response.body.bytes(100)).toString();
}

describe('src/http/transport/connect.ts', () => {
  it('trusts a certificate of the configured authority', async () => {
    const { host } = await tlsServer(ours.issue('server', ['127.0.0.1']));
    expect(await get(host, { ca: ours.cert })).toBe('hello');
  });

  it.each([
    ['no authority that signed it', {}, 'server', ['127.0.0.1'], 'registry configuration ("ca")'],
    ['another authority', { ca: theirs.cert }, 'server', ['127.0.0.1'], 'registry configuration ("ca")'],
    ['another host', { ca: ours.cert }, 'server', ['elsewhere.example'], 'for another host'],
  ])('rejects a certificate of %s with a hint', async (_what, settings, name, hosts, hint) => {
    const { host } = await tlsServer(ours.issue(name, hosts));
    const error = await rejection(get(host, settings));
    expect(error).toMatchObject({ code: 'NETWORK', message: expect.stringContaining(`GET https://${host}/: `) });
    expect(error).toMatchObject({ hint: expect.stringContaining(hint) });
    expect(isTransient(error)).toBe(false);
  });

  it('sends the client certificate to a server that requests one', async () => {
    const server = await tlsServer(ours.issue('server', ['127.0.0.1']), theirs.cert);
    const clientCertificate = theirs.issue('robot');
    expect(await get(server.host, { ca: ours.cert, clientCertificate })).toBe('hello');
    expect(server.clients).toEqual(['robot']);
  });

  it('fails at once with a hint when a server requests a certificate and none is configured', async () => {
    const { host } = await tlsServer(ours.issue('server', ['127.0.0.1']), theirs.cert);
    const error = await rejection(get(host, { ca: ours.cert }));
    expect(error).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('alert handshake failure') });
    expect(error).toMatchObject({ hint: expect.stringContaining('"clientCertificate"') });
    expect(isTransient(error)).toBe(false);
  });
});
