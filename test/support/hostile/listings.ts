import type { ServerResponse } from 'node:http';
import { MEDIA_TYPES } from '../../../src/image/descriptor.ts';
import { digestNumber, joined, missing, sendAll, type HostileAnswer } from './server.ts';

const MIB = 1024 * 1024;

/** `tags/list` whose body is this. */
function tagList(pieces: () => Iterable<string | Uint8Array>): HostileAnswer {
  return listing('/tags/list', {}, pieces);
}

function listing(
  path: string,
  headers: Readonly<Record<string, string>>,
  pieces: () => Iterable<string | Uint8Array>,
): HostileAnswer {
  return ({ url }, response) => {
    if (!url.pathname.includes(path)) return missing(response);
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    return sendAll(response, pieces());
  };
}

function* wrapped(head: string, middle: Iterable<string>, tail: string): Generator<string> {
  yield head;
  yield* middle;
  yield tail;
}

function* repeated(piece: string, bytes: number): Generator<string> {
  const block = piece.repeat(Math.ceil(65_536 / piece.length));
  for (let sent = 0; sent < bytes; sent += block.length) yield block;
}

/** Pages that never end: each names one more, and `page` says what is on it. */
function endless(path: string, page: (nth: number) => string, type = 'application/json'): HostileAnswer {
  return ({ url }, response: ServerResponse) => {
    if (!url.pathname.includes(path)) return missing(response);
    const nth = Number(url.searchParams.get('last') ?? 0);
    const link = `<${url.pathname}?last=${nth + 1}>; rel="next"`;
    response.writeHead(200, { 'content-type': type, link }).end(page(nth));
  };
}

const tag = (index: number): string => `"v${String(index).padStart(9, '0')}-${'x'.repeat(100)}"`;
const image = (index: number): string =>
  `"${digestNumber(index)}":{"mediaType":"${MEDIA_TYPES.ociManifest}","tag":["v${index}"],"timeUploadedMs":"1700000000000"}`;
const referrer = (index: number): string =>
  `{"mediaType":"${MEDIA_TYPES.ociManifest}","digest":"${digestNumber(index)}","size":700}`;

/** Listings of a destination that are made to fill the memory, or never to end; the text of the error that each must be. */
export const HOSTILE_LISTINGS: Readonly<Record<string, { readonly answer: HostileAnswer; readonly says: RegExp }>> = {
  '129 MiB of tags': {
    answer: tagList(() => wrapped('{"name":"app","tags":[', joined(1_200_000, tag), ']}')),
    says: /registry.s list of .* exceeds 64 MiB/,
  },
  '129 MiB of images': {
    answer: tagList(() => wrapped('{"name":"app","tags":[],"manifest":{', joined(700_000, image), '}}')),
    says: /registry.s list of .* exceeds 64 MiB/,
  },
  'countless tags of a character': {
    answer: tagList(() => wrapped('{"tags":["a"', repeated(',"a"', 64 * MIB), ']}')),
    says: /registry.s list of .* exceeds 64 MiB/,
  },
  'countless empty objects under another key': {
    answer: tagList(() => wrapped('{"name":"app","other":[{}', repeated(',{}', 64 * MIB), ']}')),
    says: /has a value of more than 1048576 bytes/,
  },
  'nothing but white space': {
    answer: tagList(() => repeated(' \n', 256 * MIB)),
    says: /registry.s list of .* exceeds 64 MiB/,
  },
  'brackets without an end': {
    answer: tagList(() => wrapped('{"tags":[', repeated('[', 64 * MIB), '')),
    says: /has a value of more than 1048576 bytes/,
  },
  'one tag without an end': {
    answer: tagList(() => wrapped('{"tags":["', repeated('a', 64 * MIB), '')),
    says: /has a value of more than 1048576 bytes/,
  },
  'pages without an end': {
    answer: endless('/tags/list', (nth) => `{"tags":["v${nth}"]}`),
    // By its pages or, on a busy machine, by its time.
    says: /endlessly: (?:it returned 3000 pages|reading has taken 15 minutes)/,
  },
  'large pages without an end': {
    answer: endless(
      '/tags/list',
      (nth) => `{"tags":[${[...joined(2_000, (index) => tag(nth * 2_000 + index))].join('')}]}`,
    ),
    says: /registry.s list of .* exceeds 64 MiB/,
  },
};

/** Listings that are as long as they may be. */
export const LONG_LISTINGS: Readonly<Record<string, HostileAnswer>> = {
  '110,000 images': tagList(() => wrapped('{"name":"app","tags":[],"manifest":{', joined(110_000, image), '}}')),
  '180,000 tags': tagList(() => wrapped('{"name":"app","tags":[', joined(180_000, tag), ']}')),
};

/** Lists of what refers to an image, and the exit code of a run that meets them: what was only too much is left unread. */
export const HOSTILE_REFERRERS: Readonly<Record<string, { readonly answer: HostileAnswer; readonly code: number }>> = {
  '150,000 on one page': {
    answer: listing('/referrers/', { 'content-type': MEDIA_TYPES.ociIndex }, () =>
      wrapped('{"schemaVersion":2,"manifests":[', joined(150_000, referrer), ']}'),
    ),
    code: 0,
  },
  'pages without an end': {
    answer: endless('/referrers/', (nth) => `{"schemaVersion":2,"manifests":[${referrer(nth)}]}`, MEDIA_TYPES.ociIndex),
    code: 1,
  },
};

/** A registry of so many repositories, each with a list of 110,000 images that is within its limit. */
export function longListings(repositories: number): HostileAnswer {
  const list = LONG_LISTINGS['110,000 images'];
  const names = Array.from({ length: repositories }, (_, nth) => `evil/app-${nth}`);
  return (asked, response) => {
    if (asked.url.pathname.endsWith('/_catalog')) return void response.end(JSON.stringify({ repositories: names }));
    return names.some((name) => asked.url.pathname === `/v2/${name}/tags/list`)
      ? list?.(asked, response)
      : missing(response);
  };
}

/** One page whose link leads back to it. */
function looping(path: string, page: string, type = 'application/json'): HostileAnswer {
  return ({ url }, response: ServerResponse) => {
    if (!url.pathname.includes(path)) return missing(response);
    response.writeHead(200, { 'content-type': type, link: `<${url.pathname}${url.search}>; rel="next"` }).end(page);
  };
}

/** Each kind of list, of a page that comes again and again: what never ends costs a test 3,000 pages. */
export const LOOPS = {
  tags: looping('/tags/list', '{"tags":["v1"]}'),
  catalog: looping('/_catalog', '{"repositories":["evil/app"]}'),
  referrers: looping('/referrers/', `{"schemaVersion":2,"manifests":[${referrer(1)}]}`, MEDIA_TYPES.ociIndex),
} as const;
