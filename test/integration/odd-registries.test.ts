import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** How many ways to be odd the checklist knows. */
const POINTS = 67;

type Place = readonly [file: string, test: string];

/** Points that are tested where the code that answers them is. */
const ELSEWHERE: Readonly<Record<number, readonly Place[]>> = {
  1: [['src/http/layers/authenticate.test.ts', 'answers Basic among several challenges']],
  2: [['src/http/auth/token-cache.test.ts', 'resolves a realm relative to the registry']],
  3: [['src/http/auth/token-cache.test.ts', 'reads access_token as token, and rejects an invalid token']],
  4: [
    [
      'src/http/auth/token-cache.test.ts',
      'renews a token before it expires, and assumes a lifetime of at least a minute',
    ],
  ],
  5: [['src/http/auth/token-cache.test.ts', 'falls back to GET when the token server responds %i to a POST']],
  6: [
    ['src/http/layers/authenticate.test.ts', 'requests a token for all scopes at once, with sorted actions'],
    [
      'src/http/layers/authenticate.test.ts',
      'requests the scopes of the challenge when those of the request are not enough',
    ],
  ],
  7: [['src/http/layers/authenticate.test.ts', 'drops a rejected token, and replays the request once']],
  8: [
    [
      'src/http/layers/authenticate.test.ts',
      'throws REPLAY_NEEDED for a stream after a 401, and has a new token for the next attempt',
    ],
  ],
  9: [
    [
      'src/http/layers/authenticate-renewal.test.ts',
      'renews the password when ECR reports an expired token in a 403, and replays the request',
    ],
  ],
  10: [
    ['src/http/auth/token-cache.test.ts', 'renews a token before a large body when less than half of its life is left'],
  ],
  11: [
    [
      'src/http/layers/authenticate-renewal.test.ts',
      'believes two rejections of a password that was accepted before, but not one',
    ],
  ],
  12: [['src/http/auth/token-cache.test.ts', 'rejects the realm %s of a public registry on HTTPS']],
  14: [['src/http/layers/authenticate-renewal.test.ts', 'keeps tokens of over 8 KiB, one for each repository']],
  15: [['src/http/layers/redirect.test.ts', 'drops credentials and scopes when the origin changes']],
  16: [['src/http/transport/addresses.test.ts', 'rejects a change from HTTPS to HTTP and any other scheme']],
  17: [['src/http/layers/redirect.test.ts', 'resends bytes after 307 and 308, and returns other redirects of a write']],
  19: [['src/registry/distribution/referrers.test.ts', 'treats a redirect to a web page, as GHCR sends']],
  29: [['src/registry/distribution/uploads.test.ts', 'converts the response %i %s to the bytes to %s']],
  32: [['test/integration/copy-mirrors.test.ts', 'begins a new upload when the registry has lost the first']],
  33: [['src/registry/distribution/manifests.test.ts', 'reads the bytes when HEAD does not state the digest']],
  35: [['src/registry/distribution/manifests.test.ts', 'accepting every type that it can copy']],
  39: [
    ['test/integration/copy-mirrors.test.ts', 'waits for a registry that shows what was written only after a while'],
  ],
  40: [['test/integration/copy-mirrors.test.ts', 'when a mount was claimed and the manifest was refused']],
  41: [
    ['src/registry/distribution/manifests.test.ts', 'rejects a manifest larger than any registry must accept'],
    ['test/integration/copy-source.test.ts', 'refuses by name a manifest of another kind'],
    ['test/integration/copy.test.ts', 'leaves a foreign layer where it is'],
  ],
  42: [['src/registry/distribution/referrers.test.ts', 'treats %s as a registry without the API']],
  43: [
    [
      'src/registry/distribution/referrers.test.ts',
      'R26 reads the fallback tag after a 404, and directly from then on',
    ],
  ],
  44: [['src/registry/distribution/referrers.test.ts', 'requests one type, and reports whether a host has the API']],
  45: [['src/registry/distribution/referrers.test.ts', 'follows pages']],
  46: [['src/registry/attaching/attacher.test.ts', 'does not write a listed attachment again (referrers API: %s)']],
  47: [['src/registry/attaching/tag-update.test.ts', 'loses no concurrent change']],
  48: [['src/registry/fallback-index.test.ts', 'returns an empty list if a registry responds with the subject itself']],
  56: [
    ['src/ratelimit/retry-after.test.ts', 'reads «%s»'],
    ['src/ratelimit/retry-after.test.ts', "prefers the standard header to Docker Hub's, and headers to the body"],
    ['src/ratelimit/retry-after.test.ts', "reads the wait in GHCR's response body, and ignores a quota"],
  ],
  58: [['src/ratelimit/rate-headers.test.ts', 'reads %j']],
  66: [['src/http/http-scheme.test.ts', 'reaches %s, with insecure set to %s, at %s']],
};

const NO_CHUNKS = 'a blob is sent whole, in one PUT: see 25';

/** Points that no test can show, each with the reason. */
const NOT_TESTED: Readonly<Record<number, string>> = {
  24: NO_CHUNKS,
  26: NO_CHUNKS,
  27: `${NO_CHUNKS}; an upload that breaks off is begun anew`,
  30: NO_CHUNKS,
  49: 'kpromo reads no tag by a name that a registry chose, and writes none that begins with "_"',
  50: 'replication takes its subjects from the manifests, and copies only to mirrors that have them',
  51: 'referrers are copied as they are when they are read; the next run copies later ones',
  61: 'the client speaks HTTP/1.1 only, which has no GOAWAY',
};

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The numbers in the names of tests beside this one. */
function tested(): number[] {
  const files = readdirSync(import.meta.dirname).filter((name) => /^odd-registries-.*\.test\.ts$/.test(name));
  const names = files.flatMap((name) => [...read(`test/integration/${name}`).matchAll(/'4\.3\/(\d+) /g)]);
  return names.map(([, number]) => Number(number));
}

describe('odd registries', () => {
  it('are tested in every point, or there is a reason why not', () => {
    const here = new Set(tested());
    const everywhere = [...here, ...Object.keys({ ...ELSEWHERE, ...NOT_TESTED }).map(Number)];
    expect(everywhere.toSorted((a, b) => a - b)).toEqual(Array.from({ length: POINTS }, (_, index) => index + 1));
    expect(Object.values(NOT_TESTED).filter((reason) => reason.length < 10)).toEqual([]);
  });

  it('are tested elsewhere where it says so', () => {
    const places = Object.values(ELSEWHERE).flat();
    expect(places.filter(([file, test]) => !read(file).includes(test))).toEqual([]);
  });
});
