import fc from 'fast-check';
import { hostileChallenge, hostileHeader, hostileLink, hostileLocation, hostileText } from './headers.ts';

/** One answer of a registry that says anything. */
export type HostileAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Statuses that are not tried again, so that a run of many answers takes no longer than it must. */
const STATUSES = [200, 201, 202, 204, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 416] as const;

const DIGEST = `sha256:${'0'.repeat(64)}`;
const header = (
  usual: readonly string[],
  hostile: fc.Arbitrary<string> = hostileHeader,
): fc.Arbitrary<string | undefined> => fc.oneof(fc.constant(undefined), fc.constantFrom(...usual), hostile);

const headers = fc.record({
  'www-authenticate': header(['Basic realm="x"', 'Bearer realm="/token",service="x"'], hostileChallenge),
  location: header(['/v2/app/blobs/uploads/1?_state=x'], hostileLocation),
  link: header(['</v2/app/tags/list?last=a>; rel="next"'], hostileLink),
  'docker-content-digest': header([DIGEST, 'sha256:', 'sha256:xyz', 'md5:0']),
  'content-type': header(['application/json', 'text/html', 'application/vnd.oci.image.index.v1+json']),
  range: header(['0-0', '0-9', '0-99999999999999999999']),
  'content-range': header(['bytes 0-1/2', 'bytes 5-1/2']),
  'oci-subject': header([DIGEST]),
  'oci-filters-applied': header(['artifactType']),
  'docker-upload-uuid': header(['1']),
  'x-ratelimit-remaining': header(['0', '1']),
  'ratelimit-limit': header(['100;w=21600']),
});

const body = fc.oneof(
  fc.constantFrom(
    '',
    '{}',
    '[]',
    'null',
    '0',
    '"x"',
    '{"tags":["a"]}',
    '{"token":"issued-token-of-the-test"}',
    '{"errors":[{}]}',
  ),
  fc.json({ maxDepth: 3 }),
  hostileText,
);

/** Answers with any of the headers that the client reads. */
export const hostileAnswer: fc.Arbitrary<HostileAnswer> = fc
  .record({ status: fc.constantFrom(...STATUSES), headers, body })
  .map(({ headers: given, ...answer }) => ({
    ...answer,
    headers: Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  }));
