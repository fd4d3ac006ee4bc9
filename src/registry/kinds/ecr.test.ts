import { describe, expect, it } from 'vitest';
import { cloud, type Cloud, type CloudAnswer } from '../../../test/support/cloud.ts';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import { realClock } from '../../clock.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import type { RepositoryListing } from '../roles.ts';

const HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const [ONE, TWO] = ['one', 'two'].map((text) => digestOf(Buffer.from(text))) as [Digest, Digest];
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'hunter2' };
const MEDIA = 'application/vnd.oci.image.manifest.v1+json';
const PAGES: readonly CloudAnswer[] = [
  {
    json: {
      imageDetails: [
        { imageDigest: ONE, imageTags: ['v1', 'latest'], imageManifestMediaType: MEDIA, imagePushedAt: 1_700_000_000 },
      ],
      nextToken: 'more',
    },
  },
  { json: { imageDetails: [{ imageDigest: TWO }] } },
];

/** Lists a repository on an ECR whose AWS answers in this way; its `tags/list` knows one tag. */
async function list(
  answers: readonly CloudAnswer[],
  env: Record<string, string> = KEYS,
  times = 1,
): Promise<{ listing: RepositoryListing; aws: Cloud; requests: readonly string[] }> {
  const clock = realClock();
  const aws = await cloud(clock, () => answers[aws.asked.length - 1] ?? { status: 500 });
  const scripted = await scriptedRegistry((_, response) => void response.end('{"name":"app","tags":["v9"]}'), {
    aws: { clock, env: { AWS_EC2_METADATA_DISABLED: 'true', ...env }, home: '/nonexistent', fetch: aws.fetch },
    baseUrl: () => new URL(`http://${scripted.host}`),
  });
  const asking = (): Promise<RepositoryListing> => scripted.registry.listRepository(`${HOST}/team/app`, scripted.call);
  for (let time = 1; time < times; time += 1) await asking();
  return { listing: await asking(), aws, requests: scripted.server.requests };
}

const refusal = (name: string): CloudAnswer => ({ status: 400, body: { __type: name, message: 'no' } });

describe('src/registry/kinds/ecr', () => {
  it('returns every image with its tags, page by page, without a request to the registry', async () => {
    const { listing, aws, requests } = await list(PAGES);
    expect(listing).toEqual({
      kind: 'digests',
      manifests: new Map([
        [ONE, { tags: ['v1', 'latest'], mediaType: MEDIA, uploadedAt: 1_700_000_000_000 }],
        [TWO, { tags: [] }],
      ]),
    });
    expect(aws.asked.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { registryId: '123456789012', repositoryName: 'team/app', maxResults: 1000 },
      { registryId: '123456789012', repositoryName: 'team/app', maxResults: 1000, nextToken: 'more' },
    ]);
    expect(aws.asked.map(({ host }) => host)).toEqual(Array(2).fill('api.ecr.eu-west-1.amazonaws.com'));
    expect(requests).toEqual([]);
  });

  it('treats an unknown repository as empty', async () => {
    const { listing } = await list([refusal('RepositoryNotFoundException')]);
    expect(listing).toEqual({ kind: 'digests', manifests: new Map() });
  });

  it('falls back to names for good if it must not describe images', async () => {
    const { listing, aws, requests } = await list([refusal('AccessDeniedException')], KEYS, 2);
    expect(listing).toEqual({ kind: 'tags', tags: new Set(['v9']) });
    expect(aws.asked).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });

  it('falls back to names without keys', async () => {
    const { listing, aws } = await list([], {});
    expect(listing.kind).toBe('tags');
    expect(aws.asked).toEqual([]);
  });

  it('treats nothing else as an empty repository, and falls back to names', async () => {
    const { listing } = await list([refusal('InvalidParameterException')]);
    expect(listing).toEqual({ kind: 'tags', tags: new Set(['v9']) });
  });
});
