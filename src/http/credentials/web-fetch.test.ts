import { describe, expect, it } from 'vitest';
import { cloud } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { webFetch } from './web-fetch.ts';

const forever = new AbortController().signal;

describe('src/http/credentials/web-fetch.ts', () => {
  it("sends requests and returns responses like the web's fetch", async () => {
    const world = await cloud(fakeClock(), () => ({ status: 201, body: { a: 1 } }));
    const answer = await webFetch(world.fetch, forever)('https://sts.example/x?y=1', {
      method: 'post',
      headers: new Headers({ 'X-One': '1' }),
      body: new URLSearchParams({ a: 'b c' }),
    });
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
      201,
      'application/json',
      { a: 1 },
    ]);
    expect(world.asked[0]).toMatchObject({ method: 'POST', host: 'sts.example', path: '/x?y=1', body: 'a=b+c' });
    expect(world.asked[0]?.headers['x-one']).toBe('1');
  });

  it('returns a response for a status without a body', async () => {
    const world = await cloud(fakeClock(), () => ({ status: 204 }));
    expect((await webFetch(world.fetch, forever)(new URL('https://sts.example/'))).status).toBe(204);
  });

  it('rejects a request with unsupported parts', async () => {
    const world = await cloud(fakeClock(), () => 'no');
    const send = webFetch(world.fetch, forever);
    expect(await rejection(send('https://sts.example/', { method: 'TRACE' }))).toBeInstanceOf(TypeError);
    expect(await rejection(send('https://sts.example/', { method: 'POST', body: new Blob(['a']) }))).toBeInstanceOf(
      TypeError,
    );
    expect(world.asked).toEqual([]);
  });
});
