import type { ImageDetail } from '@aws-sdk/client-ecr';
import { PromotionError } from '../../errors.ts';
import { ecrClient, ecrPlaceOf } from '../../http/credentials/aws/ecr-client.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { splitRepository, type RepositoryName } from '../../image/reference.ts';
import type { Call, ListedManifest, RepositoryListing } from '../roles.ts';
import { FULL_PAGE, type ListerServices, type OwnLister, type RegistryKind } from './kind.ts';

/** Amazon's private registries. */
export const ECR: RegistryKind = {
  name: 'ecr',
  hosts: /^\d{12}\.dkr(?:\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|-ecr(?:-fips)?\.[a-z0-9-]+\.on\.aws)$/,
  pageSize: FULL_PAGE,
  lister: ecrLister,
};

/** The maximum page size of DescribeImages. */
const PAGE = 1000;

/**
 * ECR keeps at most 100,000 images in a repository unless that quota is raised (Service Quotas): three times as many
 * cannot be a list of ECR's.
 */
const MAX_PAGES = 300;

/**
 * Lists all images of a repository with their tags through DescribeImages; for hosts of ECR with AWS keys that permit
 * it.
 */
function ecrLister({ aws }: ListerServices): OwnLister {
  return async (repository, call) => {
    const { host, path } = splitRepository(repository);
    const place = ecrPlaceOf(host);
    if (aws === undefined || place === undefined) return undefined;
    const fetch: typeof aws.fetch = (request) => aws.fetch({ ...request, meter: call.meter });
    const client = await ecrClient({ ...aws, fetch }, place, call.signal);
    if (client === undefined) return undefined;
    const { DescribeImagesCommand } = await import('@aws-sdk/client-ecr');
    const ask = (nextToken: string | undefined) =>
      client.send(
        new DescribeImagesCommand({
          registryId: place.account,
          repositoryName: path,
          maxResults: PAGE,
          nextToken,
        }),
      );
    return listAll(ask, repository, call).catch((error: unknown) => afterRefusal(error, repository, call));
  };
}

type Ask = (
  nextToken: string | undefined,
) => Promise<{ readonly imageDetails?: ImageDetail[] | undefined; readonly nextToken?: string | undefined }>;

async function listAll(ask: Ask, repository: RepositoryName, { signal }: Call): Promise<RepositoryListing> {
  const manifests = new Map<Digest, ListedManifest>();
  let token: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    signal.throwIfAborted();
    const answer = await ask(token);
    for (const { imageDigest = '', imageTags, imageManifestMediaType, imagePushedAt } of answer.imageDetails ?? []) {
      if (!isDigest(imageDigest)) continue;
      manifests.set(imageDigest, {
        tags: imageTags ?? [],
        mediaType: imageManifestMediaType,
        uploadedAt: imagePushedAt?.getTime(),
      });
    }
    token = answer.nextToken;
    if (!token) return { kind: 'digests', manifests };
  }
  throw new PromotionError('REGISTRY_PROTOCOL', `the registry lists ${repository} endlessly`, {
    hint: "retry; if it persists, contact the registry's operator",
  });
}

/** An unknown repository is empty; an account that must not describe images may still list tags. */
function afterRefusal(error: unknown, repository: RepositoryName, { signal }: Call): RepositoryListing | undefined {
  signal.throwIfAborted();
  const name = error instanceof Error ? error.name : '';
  if (name === 'RepositoryNotFoundException') return { kind: 'digests', manifests: new Map() };
  if (name === 'AccessDeniedException' || name === 'UnrecognizedClientException') return undefined;
  if (error instanceof PromotionError) throw error;
  throw new PromotionError('REGISTRY_ERROR', `listing the images of ${repository}: ECR answered ${name}`, {
    cause: error,
    hint: 'retry; if it persists, check the status of ECR in this region',
  });
}
