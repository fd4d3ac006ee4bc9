import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authority } from '../../../test/support/certificates.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../../../test/support/proxy.ts';
import { bodyOf, scriptedServer, type ScriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport, until } from '../../../test/support/sockets.ts';
import { startTlsFront } from '../../../test/support/tls-front.ts';
import type { PromotionError } from '../../errors.ts';
import { isTransient } from './network-error.ts';
import type { SettingsOf } from './origin-settings.ts';

const CA = authority('test');

type Site = { readonly server: ScriptedServer; readonly proxy: TestProxy };

/** `http://plain.example:5000` and `https://secret.example` behind a proxy; no DNS knows them. */
async function site(options: Omit<ProxyOptions, 'hosts'> = {}): Promise<Site> {
  const server = await scriptedServer(async (request, response) => {
    response.end(`${request.headers.host} got ${(await bodyOf(request)).length}`);
  });
  const front = await startTlsFront(server.url.host, CA.issue('server', ['secret.example']));
  const hosts = { 'plain.example:5000': server.url.host, 'secret.example:443': front.host };
  const proxy = await startProxy({ ...options, hosts });
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    await front[Symbol.asyncDispose]();
  });
  return { server, proxy };
}

function through({ proxy }: Site, userinfo = ''): SettingsOf {
  const url = new URL(proxy.url.href.replace('//', `//${userinfo}`));
  return () => ({ proxy: url, ca: CA.cert });
}

async function put(settingsOf: SettingsOf, url: string): Promise<string> {
  const { fetch } = openedTransport({ settingsOf });
  const response = await fetch(
    requestTo(url, { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.alloc(100_000) } }),
  );
  return Buffer.from(await response.body.bytes(100)).toString();
}

describe('src/http/transport/tunnel.ts', () => {
  it('sends HTTPS through a tunnel, and checks the certificate at its far end', async () => {
    const here = await site();
    expect(await put(through(here), 'https://secret.example/a?b=c')).toBe('secret.example got 100000');
    expect(here.proxy.requests).toEqual(['CONNECT secret.example:443']);
    expect(here.server.requests).toEqual(['PUT /a?b=c']);
    const error = await rejection(put(() => ({ proxy: here.proxy.url }), 'https://secret.example/'));
    expect(error).toMatchObject({ code: 'NETWORK', hint: expect.stringContaining('"ca"') });
  });

  it('sends plain HTTP to the proxy itself', async () => {
    const here = await site();
    expect(await put(through(here), 'http://plain.example:5000/a?b=c')).toBe('plain.example:5000 got 100000');
    expect(here.proxy.requests).toEqual(['PUT http://plain.example:5000/a?b=c']);
    expect(here.server.requests).toEqual(['PUT /a?b=c']);
  });

  it('reuses one tunnel for many requests', async () => {
    const here = await site();
    const { fetch } = openedTransport({ settingsOf: through(here), connections: 1 });
    for (let count = 0; count < 5; count += 1) {
      await (await fetch(requestTo('https://secret.example/'))).body.bytes(100);
    }
    expect(here.proxy.requests).toHaveLength(1);
    expect(here.server.requests).toHaveLength(5);
  });

  it.each(['https://secret.example/', 'http://plain.example:5000/'])(
    'sends the user and password of the proxy’s address to the proxy only, for %s',
    async (url) => {
      const here = await site({ credentials: 'us er:p@ss' });
      await put(through(here, 'us%20er:p%40ss@'), url);
      expect(here.server.requests).toHaveLength(1);
      expect(here.server.headers[0]).not.toHaveProperty('proxy-authorization');
    },
  );

  it.each(['https://secret.example/', 'http://plain.example:5000/'])(
    'names the proxy, but not its password, when the proxy rejects it, for %s',
    async (url) => {
      const here = await site({ credentials: 'user:right' });
      const error = (await rejection(put(through(here, 'user:hunter2@'), url))) as PromotionError;
      expect(error).toMatchObject({
        code: 'UNAUTHORIZED',
        message: expect.stringContaining('the proxy answered 407'),
        hint: expect.stringContaining(`http://USER:PASSWORD@${here.proxy.url.host}`),
      });
      expect(isTransient(error)).toBe(false);
      expect(inspect(error)).not.toContain('hunter2');
      expect(here.server.requests).toEqual([]);
    },
  );

  it('distinguishes a permanent refusal from a temporary failure', async () => {
    const refusing = await rejection(put(through(await site({ refuse: 403 })), 'https://secret.example/'));
    expect(refusing).toMatchObject({ code: 'DENIED', hint: expect.stringContaining('NO_PROXY') });
    const unknown = await rejection(put(through(await site()), 'https://nowhere.example/'));
    expect(unknown).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('nowhere.example:443') });
    expect(isTransient(unknown)).toBe(true);
  });

  it.each(['https://secret.example/', 'http://plain.example:5000/'])(
    'reports a proxy that cannot be reached, for %s',
    async (url) => {
      const here = await site();
      await here.proxy[Symbol.asyncDispose]();
      const error = await rejection(put(through(here), url));
      expect(error).toMatchObject({
        code: 'NETWORK',
        message: `connecting to the proxy ${here.proxy.url.host}: connect ECONNREFUSED ${here.proxy.url.host}`,
        hint: expect.stringContaining('address of the proxy'),
      });
      expect(isTransient(error)).toBe(true);
    },
  );

  it('gives up a tunnel that does not open in time, and closes all at the end of the run', async () => {
    const here = await site({ refuse: 'silent' });
    const clock = fakeClock();
    const sockets = openedTransport({
      clock,
      settingsOf: (url) => ({ ...through(here)(url), timeouts: { connect: 7_000 } }),
    });
    const late = rejection(sockets.fetch(requestTo('https://secret.example/')));
    await until(() => here.proxy.requests.length === 1);
    await clock.advance(7_000);
    expect(await late).toMatchObject({
      code: 'TIMEOUT',
      message: `connecting to secret.example through the proxy ${here.proxy.url.host}: no connection within 7 s`,
    });
    const last = rejection(sockets.fetch(requestTo('https://secret.example/')));
    await until(() => here.proxy.requests.length === 2);
    await sockets.close();
    await last;
  });

  it('connects to a proxy over TLS with the settings of its own address', async () => {
    const here = await site();
    const front = await startTlsFront(here.proxy.url.host, CA.issue('proxy', ['127.0.0.1']));
    onTestFinished(() => front[Symbol.asyncDispose]());
    const proxy = new URL(`https://${front.host}`);
    const settingsOf: SettingsOf = ({ host }) => (host === front.host ? { ca: CA.cert } : { proxy, ca: CA.cert });
    expect(await put(settingsOf, 'https://secret.example/')).toBe('secret.example got 100000');
    expect(await put(settingsOf, 'http://plain.example:5000/')).toBe('plain.example:5000 got 100000');
  });
});
