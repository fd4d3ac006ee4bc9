import { isPromotionError, PromotionError } from '../../../errors.ts';
import { ecrClient, ecrPlaceOf } from '../../../http/credentials/aws/ecr-client.ts';
import type { EcrOptions } from '../../../http/credentials/aws/options.ts';
import { credentialProblem } from '../../../http/credentials/problem.ts';
import { singleFlight } from '../../../async/single-flight.ts';
import { splitRepository, type RepositoryName } from '../../../image/reference.ts';
import type { RepositoryCreator } from '../../roles.ts';

/** Creates repositories on ECR, which rejects a push to a missing repository; does nothing for other registries. */
export function ecrRepositories(options: EcrOptions): RepositoryCreator {
  const flight = singleFlight<boolean>();
  return {
    createRepository: async (repository, { signal }) => {
      if (ecrPlaceOf(splitRepository(repository).host) === undefined) return false;
      return flight(repository, signal, (shared) => create(options, repository, shared));
    },
  };
}

async function create(options: EcrOptions, repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
  const { host, path } = splitRepository(repository);
  const place = ecrPlaceOf(host);
  if (place === undefined) return false;
  try {
    const client = await ecrClient(options, place, signal);
    if (client === undefined) throw new Error('no AWS keys found');
    const { CreateRepositoryCommand } = await import('@aws-sdk/client-ecr');
    await client.send(new CreateRepositoryCommand({ registryId: place.account, repositoryName: path }));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    // Another process was faster.
    if (error instanceof Error && error.name === 'RepositoryAlreadyExistsException') return true;
    const what = `creating the repository ${repository}`;
    const hint = `check the AWS keys, and that they permit ecr:CreateRepository, or run: ${creationCommand(repository)}`;
    throw isPromotionError(error) ? error : credentialProblem(what, hint, error);
  }
}

/** Returns the error for a push to a missing repository, with a hint how to create it. */
export function noRepository(repository: RepositoryName): PromotionError {
  const command = creationCommand(repository);
  return new PromotionError(
    'NOT_FOUND',
    `the repository ${repository} does not exist, and the registry does not create repositories on push`,
    {
      side: 'destination',
      hint:
        command === undefined
          ? 'create the repository or the project that it belongs to, or correct its name'
          : `run: ${command}, or set "createRepositories: true" for the registry in the registry configuration`,
    },
  );
}

function creationCommand(repository: RepositoryName): string | undefined {
  const { host, path } = splitRepository(repository);
  const place = ecrPlaceOf(host);
  if (place === undefined) return undefined;
  return `aws ecr create-repository --repository-name ${path} --registry-id ${place.account} --region ${place.region}`;
}
