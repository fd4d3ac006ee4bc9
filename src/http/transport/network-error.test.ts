import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { openedTransport, rawServer } from '../../../test/support/sockets.ts';
import { PromotionError } from '../../errors.ts';
import { isTransient, looksMisaddressed, networkError } from './network-error.ts';

const failure = (code: string): Error => Object.assign(new Error(`it failed: ${code}`), { code });

describe('src/http/transport/network-error.ts', () => {
  it('keeps the cause, names the request, and returns our own errors unchanged', () => {
    const cause = failure('ECONNRESET');
    expect(networkError(cause, 'GET x')).toMatchObject({
      code: 'NETWORK',
      message: 'GET x: it failed: ECONNRESET',
      cause,
    });
    const own = new PromotionError('STALLED', 'own');
    expect(networkError(own, 'GET x')).toBe(own);
  });

  it('lists all attempts to connect to several addresses', () => {
    const error = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
    expect(networkError(error, 'GET x').message).toBe('GET x: ::1 refused; 127.0.0.1 refused');
  });

  it.each([
    ['ENOTFOUND', 'DNS'],
    ['EAI_AGAIN', 'DNS'],
    ['ECONNREFUSED', 'port'],
    ['EHOSTUNREACH', 'routes'],
    ['HPE_INVALID_CONSTANT', 'listens on that port'],
    ['UND_ERR_SOCKET', 'listens on that port'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'configuration ("ca")'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'configuration ("ca")'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host'],
    ['CERT_HAS_EXPIRED', 'renew'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '"clientCertificate"'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', '"clientCertificate"'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', '"clientCertificate"'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', '"insecure: true"'],
  ])('gives the hint for %s', (code, words) => {
    expect(networkError(failure(code), 'GET x').hint).toContain(words);
  });

  it('marks an invalid certificate and an unknown name as lasting', () => {
    const lasting = (code: string): unknown => networkError(failure(code), 'GET x').lasting;
    expect(['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ENOTFOUND'].map(lasting)).toEqual([true, true, true]);
    const passing = ['ECONNRESET', 'ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH'];
    expect(passing.map(lasting)).toEqual(passing.map(() => undefined));
    const cause = networkError(failure('ENOTFOUND'), 'GET x');
    expect(new PromotionError('NETWORK', 'after 5 attempts', { cause }).lasting).toBe(true);
    expect(new PromotionError('SIGNING_SERVICE', 'wrapped', { cause }).lasting).toBeUndefined();
  });

  it('hints at HTTPS when plain HTTP got no response', () => {
    for (const code of ['HPE_INVALID_CONSTANT', 'UND_ERR_SOCKET']) {
      expect(networkError(failure(code), 'GET http://x').hint).toContain('"insecure: false"');
      expect(networkError(failure(code), 'GET https://x').hint).not.toContain('insecure');
    }
  });

  it('distinguishes a wrong address from a registry that is down', () => {
    const wrong = (error: Error, what = 'GET http://x'): boolean => looksMisaddressed(networkError(error, what));
    const codes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'HPE_INVALID_CONSTANT'];
    expect(codes.map((code) => wrong(failure(code)))).toEqual(codes.map(() => true));
    expect(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].map((code) => wrong(failure(code)))).toEqual([false, false, false]);
    const closed = (bytesRead: number): Error => Object.assign(failure('UND_ERR_SOCKET'), { socket: { bytesRead } });
    expect([wrong(closed(0)), wrong(closed(10)), wrong(closed(0), 'GET https://x')]).toEqual([true, false, false]);
    expect(looksMisaddressed(new PromotionError('TIMEOUT', 'x'))).toBe(false);
  });

  it('calls a broken connection transient, an invalid certificate not', () => {
    const again = (code: string): boolean => isTransient(networkError(failure(code), 'GET x'));
    expect(['ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'UND_ERR_SOCKET'].map(again)).toEqual([true, true, true, true]);
    const certificates = ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'];
    expect([...certificates, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].map(again)).toEqual([false, false, false, false]);
    expect(isTransient(new PromotionError('STALLED', 'x'))).toBe(true);
    expect(isTransient(new PromotionError('DENIED', 'x'))).toBe(false);
    expect(isTransient(failure('ECONNRESET'))).toBe(false);
  });

  it.each<[string, () => Promise<URL>]>([
    ['a port where nobody listens', unused],
    ['a name that nobody has', async () => new URL('http://registry.invalid/')],
    ['a server that speaks something else', async () => (await rawServer(greeting)).url],
    ['a server that speaks TLS', tlsServer],
  ])('treats %s as a wrong address and hints what to check', async (_, open) => {
    const error = await rejection(openedTransport().fetch(requestTo(await open())));
    expect(error).toMatchObject({ code: 'NETWORK', hint: expect.stringMatching(/^check /) as string });
    expect(isTransient(error) && looksMisaddressed(error)).toBe(true);
  });

  it('treats a connection that breaks within a response as transient', async () => {
    const { url } = await rawServer((socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nx: ')));
    const error = await rejection(openedTransport().fetch(requestTo(url)));
    expect(isTransient(error) && !looksMisaddressed(error)).toBe(true);
  });
});

function greeting(socket: Socket): void {
  socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
}

async function unused(): Promise<URL> {
  const { url, server } = await rawServer(() => {});
  await new Promise((resolve) => server.close(resolve));
  return url;
}

/** It has no certificate, which no one asks for in plain HTTP. */
async function tlsServer(): Promise<URL> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
