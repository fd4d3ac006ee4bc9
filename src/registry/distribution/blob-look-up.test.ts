import { describe, expect, it } from 'vitest';
import { oddRegistry } from '../../../test/support/odd-registry.ts';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { digestOf } from '../../image/digest.ts';

const BYTES = Buffer.from('the bytes of a blob');
const BLOB = { mediaType: 'application/octet-stream', digest: digestOf(BYTES), size: BYTES.length };
const OTHER = digestOf(Buffer.from('other'));

const saying =
  (status: number, headers: Record<string, string | number> = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end();

describe('src/registry/distribution/blob-look-up', () => {
  it.each([
    ['present', 200, {}],
    ['present', 200, { 'content-length': BYTES.length, 'docker-content-digest': BLOB.digest }],
    ['present', 200, { 'content-length': 7, 'content-encoding': 'gzip' }],
    ['damaged', 200, { 'content-length': 0 }],
    ['damaged', 200, { 'content-length': BYTES.length + 1 }],
    ['damaged', 200, { 'content-length': BYTES.length, 'docker-content-digest': OTHER }],
    ['absent', 404, {}],
  ])('returns %s after one HEAD with the response %i and %j', async (state, status, headers) => {
    const { registry, server, host, call } = await scriptedRegistry(saying(status, headers));
    expect(await registry.lookUpBlob(`${host}/deep/app`, BLOB, call)).toBe(state);
    expect(server.requests).toEqual([`HEAD /v2/deep/app/blobs/${BLOB.digest}`]);
  });

  it.each([
    ['400', saying(400)],
    ['401', saying(401)],
    ['403', saying(403)],
    ['405', saying(405)],
    ['501', saying(501)],
    ['a redirect to a forbidden address', saying(307, { location: 'http://169.254.169.254/blob' })],
    ['a redirect in a circle', ({ url = '' }, response) => void response.writeHead(307, { location: url }).end()],
  ] satisfies [string, Answer][])(
    'treats %s as absent, and sends that repository no further HEAD for ten minutes',
    async (_, answer) => {
      const clock = fakeClock();
      const { registry, server, host, call } = await scriptedRegistry(answer, { clock });
      expect(await registry.lookUpBlob(`${host}/app`, BLOB, call)).toBe('absent');
      const asked = server.requests.length;
      expect(await registry.lookUpBlob(`${host}/app`, BLOB, call)).toBe('absent');
      expect(server.requests).toHaveLength(asked);
      await clock.advance(600_000);
      expect(await registry.lookUpBlob(`${host}/app`, BLOB, call)).toBe('absent');
      expect(server.requests.length).toBeGreaterThan(asked);
    },
  );

  it.each([{ status: 500 }, 'reset'] as const)('gives up %j after ten seconds', async (fault) => {
    const { registry, server, host, call } = await oddRegistry(
      { fault: () => fault },
      {},
      { random: () => 1, clock: fakeClock({ skipWaits: true }) },
    );
    expect(await registry.lookUpBlob(`${host}/app`, BLOB, call)).toBe('absent');
    // At 200 ms, 600, 1400, 3000 and 6200; the next one would come too late.
    expect(server.counters.counts().kinds).toEqual({ headBlob: 6 });
  });

  it('rejects when the signal has aborted', async () => {
    const { registry, server, host } = await scriptedRegistry(saying(200));
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(registry.lookUpBlob(`${host}/app`, BLOB, { signal })).rejects.toThrow('stopped');
    expect(server.requests).toEqual([]);
  });
});
