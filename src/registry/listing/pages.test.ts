import { describe, expect, it } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import type { Fetch } from '../../http/fetch.ts';
import { bodyOf } from '../../http/transport/response-body.ts';
import { realClock, type Clock } from '../../clock.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { listReader } from './pages.ts';

const FIRST = 'https://registry.example:5000/v2/app/tags/list';

/** Reads from a registry whose first page has this link; returns the addresses that were asked for. */
function addresses(link: string): Promise<readonly string[]> {
  return read((nth) => (nth === 1 ? link : undefined));
}

/** Reads from a registry whose pages have these links, counted from 1. */
async function read(
  linkOf: (nth: number) => string | undefined,
  clock: Clock = realClock(),
): Promise<readonly string[]> {
  const asked: string[] = [];
  const fetch: Fetch = async ({ url }) => {
    asked.push(url.href);
    const link = linkOf(asked.length);
    const headers = new Map(link === undefined ? [] : [['link', [`<${link}>; rel="next"`]]]);
    return { status: 200, headers, url, body: bodyOf(Buffer.from('{}'), 'it') };
  };
  await listReader(
    fetch,
    clock,
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

  it('throws after 3,000 pages, or when reading has taken a quarter of an hour', async () => {
    let pages = 0;
    const endless = (nth: number): string => {
      pages = nth;
      return `?last=${nth}`;
    };
    const tooLong = (how: RegExp): object => ({
      code: 'REGISTRY_PROTOCOL',
      message: expect.stringMatching(how) as string,
    });
    expect(await rejection(read(endless))).toMatchObject(tooLong(/ endlessly: it returned 3000 pages and links to/));
    expect(pages).toBe(3_000);
    pages = 0;
    // Each takes 400 ms.
    const clock = { ...fakeClock(), elapsed: () => pages * 400 };
    expect(await rejection(read(endless, clock))).toMatchObject(tooLong(/ endlessly: reading has taken 15 minutes$/));
    expect(pages).toBeLessThan(3_000);
  });
});
