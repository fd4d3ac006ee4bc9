import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport } from '../../../test/support/sockets.ts';
import { httpStack } from '../stack.ts';
import { realClock } from '../../clock.ts';
import { places } from './lookup.ts';

type Names = Readonly<Record<string, readonly string[] | (() => readonly string[])>>;

/** A resolver that knows these names, and notes what it was asked. */
function resolver(names: Names): { readonly lookup: LookupFunction; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    lookup: (hostname, options, callback) => {
      asked.push(hostname);
      const known = names[hostname];
      const list = (typeof known === 'function' ? known() : (known ?? [])).map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      const [first = { address: '', family: 4 }] = list;
      const error = known === undefined ? Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }) : null;
      process.nextTick(() =>
        options.all === true ? callback(error, list) : callback(error, first.address, first.family),
      );
    },
  };
}

const served = (): ReturnType<typeof scriptedServer> =>
  scriptedServer((_request, response) => void response.setHeader('connection', 'close').end('here'));

describe('src/http/transport/lookup.ts', () => {
  it.each([
    [['169.254.169.254']],
    [['::ffff:169.254.169.254']],
    [['fd00:ec2::254']],
    [['fe80::1']],
    [['64:ff9b::a9fe:a9fe']],
    // One good address does not excuse the other: which of them is connected to is chance.
    [['127.0.0.1', '169.254.169.254']],
  ])('rejects a name that resolves to %j', async (addresses) => {
    const server = await served();
    const { lookup } = resolver({ 'registry.example': addresses });
    const { fetch } = openedTransport({ lookup });
    const error = await rejection(fetch(requestTo(`http://registry.example:${server.url.port}/`)));
    expect(error).toMatchObject({ code: 'REFUSED_ADDRESS', message: expect.stringContaining('registry.example') });
    expect(server.connections.opened).toBe(0);
  });

  it('checks the address of each connection, since a name may change its meaning', async () => {
    const server = await served();
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const { lookup, asked } = resolver({ 'registry.example': () => answers.shift() ?? [] });
    const { fetch } = openedTransport({ lookup });
    const url = `http://registry.example:${server.url.port}/`;
    expect((await (await fetch(requestTo(url))).body.bytes(10)).length).toBe(4);
    expect(asked).toHaveLength(1);
    expect(await rejection(fetch(requestTo(url)))).toMatchObject({ code: 'REFUSED_ADDRESS' });
    expect(asked).toHaveLength(2);
    expect(server.requests).toHaveLength(1);
  });

  it('rejects private addresses for names from a public server, not from a private one', async () => {
    const server = await served();
    const { lookup } = resolver({ 'auth.example': ['127.0.0.1'], 'registry.corp': ['127.0.0.1'] });
    const { fetch, inside } = openedTransport({ lookup });
    const ask = (from: string): Promise<unknown> =>
      fetch(requestTo(`http://auth.example:${server.url.port}/`, { from: new URL(from) }));
    expect(await rejection(ask('http://registry.example/'))).toMatchObject({
      code: 'REFUSED_ADDRESS',
      message: expect.stringContaining('a private address'),
    });
    expect(server.connections.opened).toBe(0);

    expect(inside('registry.corp')).toBe(false);
    await fetch(requestTo(`http://registry.corp:${server.url.port}/`));
    expect(inside('registry.corp')).toBe(true);
    await ask('http://registry.corp/');
    expect(server.requests).toHaveLength(2);
  });

  it('permits a credential source its own metadata server by name, and nothing else', async () => {
    const server = await served();
    const { lookup } = resolver({ 'metadata.google.internal': ['127.0.0.1'] });
    const { fetch } = openedTransport({ lookup });
    const url = `http://metadata.google.internal:${server.url.port}/`;
    await fetch(requestTo(url, { metadata: 'google' }));
    for (const metadata of [{}, { metadata: 'ecr' }] as const)
      expect(await rejection(fetch(requestTo(url, metadata)))).toMatchObject({ code: 'REFUSED_ADDRESS' });
    expect(server.requests).toHaveLength(1);
  });

  it("connects to a metadata server without the environment's proxy", async () => {
    const [server, proxy] = [await served(), await served()];
    const { lookup } = resolver({ 'metadata.google.internal': ['127.0.0.1'], 'registry.example': ['127.0.0.1'] });
    const { fetch } = openedTransport({ lookup, settingsOf: () => ({ proxy: proxy.url }) });
    await fetch(requestTo(`http://metadata.google.internal:${server.url.port}/`, { metadata: 'google' }));
    await fetch(requestTo(`http://registry.example:${server.url.port}/`));
    expect([server.requests.length, proxy.requests.length]).toEqual([1, 1]);
  });

  it('checks only the name behind a proxy, which resolves it in its own network', async () => {
    const proxy = await served();
    const { lookup, asked } = resolver({});
    const { fetch } = openedTransport({ lookup, settingsOf: () => ({ proxy: proxy.url }) });
    await fetch(requestTo('http://registry.example/'));
    expect(asked).not.toContain('registry.example');
    for (const address of ['http://169.254.169.254/', 'http://metadata.google.internal/'])
      expect(await rejection(fetch(requestTo(address)))).toMatchObject({ code: 'REFUSED_ADDRESS' });
    expect(proxy.requests).toHaveLength(1);
  });

  it.each(['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:808:808:0:0:80ff:fffe', '198.18.0.1'])(
    'rejects a name from a public host that resolves to the private address %s',
    async (address) => {
      const { lookup } = resolver({ 'cdn.example': [address] });
      const { fetch } = openedTransport({ lookup });
      const from = new URL('http://registry.example/');
      expect(await rejection(fetch(requestTo('http://cdn.example/', { from })))).toMatchObject({
        code: 'REFUSED_ADDRESS',
        message: expect.stringContaining(`${address}, a private address`),
      });
    },
  );

  it.each(['64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::', '224.0.0.1', '255.255.255.255', 'fd20:ce::254'])(
    'rejects a name that resolves to %s, whatever its origin',
    async (address) => {
      const { lookup } = resolver({ 'registry.example': [address] });
      const { fetch } = openedTransport({ lookup });
      expect(await rejection(fetch(requestTo('http://registry.example/')))).toMatchObject({ code: 'REFUSED_ADDRESS' });
    },
  );

  it('does not retry a rejected address', async () => {
    const { lookup, asked } = resolver({ 'registry.example': ['169.254.169.254'] });
    const stack = httpStack({ clock: realClock(), lookup });
    expect(await rejection(stack.fetch(requestTo('http://registry.example/')))).toMatchObject({
      code: 'REFUSED_ADDRESS',
    });
    await stack.close();
    expect(asked).toHaveLength(1);
  });

  it('treats a host as private only until a connection reaches a public address', () => {
    const known = places();
    known.connected('both.example', '10.0.0.1');
    expect(known.inside('both.example')).toBe(true);
    known.connected('both.example', '192.0.2.1');
    known.connected('both.example', '10.0.0.1');
    expect(known.inside('both.example')).toBe(false);
    expect([known.inside('127.0.0.1'), known.inside('other.example')]).toEqual([true, false]);
  });
});
