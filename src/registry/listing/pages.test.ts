import { describe, expect, it } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import type { Fetch } from '../../http/fetch.ts';
import { bodyOf } from '../../http/transport/response-body.ts';
import { realClock } from '../../clock.ts';
import { listReader } from './pages.ts';

const FIRST = 'https://registry.example:5000/v2/app/tags/list';

/** Reads from a registry whose first page has this link; returns the addresses that were asked for. */
async function addresses(link: string): Promise<readonly string[]> {
  const asked: string[] = [];
  const fetch: Fetch = async ({ url }) => {
    asked.push(url.href);
    const headers = new Map(asked.length === 1 ? [['link', [`<${link}>; rel="next"`]]] : []);
    return { status: 200, headers, url, body: bodyOf(Buffer.from('{}'), 'it') };
  };
  await listReader(
    fetch,
    realClock(),
  )({
    first: requestTo(FIRST),
    of: 'registry.example:5000/app',
    shape: {},
    refuse: (what) => {
      throw new Error(what);
    },
    open: () => undefined,
    entry: () => undefined,
    take: () => true,
  });
  return asked;
}

describe('src/registry/listing/pages.ts', () => {
  it.each([
    '/v2/app/tags/list?last=a',
    'list?last=a',
    'https://registry.example:5000/v2/app/tags/list?last=a',
    // what registries name that do not know of the proxy before them
    'http://registry.example:5000/v2/app/tags/list?last=a',
    'http://registry.example/v2/app/tags/list?last=a',
  ])('requests the next page from the same origin, whatever scheme and port %s has', async (link) => {
    expect(await addresses(link)).toEqual([FIRST, `${FIRST}?last=a`]);
  });

  it.each(['https://other.example/v2/app/tags/list', 'https://registry.example.evil:5000/x', '//127.0.0.1/x'])(
    'sends no request to another host: %s',
    async (link) => {
      expect(await rejection(addresses(link))).toMatchObject({
        code: 'REFUSED_ADDRESS',
        message: expect.stringContaining('on another host') as string,
        hint: expect.stringContaining('configure registry.example:5000 to return') as string,
      });
    },
  );

  it('throws on a loop', async () => {
    expect(await rejection(addresses(FIRST))).toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });
});
