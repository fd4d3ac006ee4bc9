import { PromotionError } from '../errors.ts';

/**
 * Returns the commit to compare a Prow job with: the base of a pull request, or `HEAD^` after a merge. Throws GIT for
 * other jobs. https://docs.prow.k8s.io/docs/jobs/#job-environment-variables
 */
export function prowBase(env: Readonly<Record<string, string | undefined>>): string {
  const type = env['JOB_TYPE'] ?? '';
  if (type === 'postsubmit') return 'HEAD^';
  if (type !== 'presubmit' && type !== 'batch')
    throw new PromotionError(
      'GIT',
      `--use-prow-manifest-diff cannot be used in a job of the type ${JSON.stringify(type)} (JOB_TYPE)`,
      {
        hint: 'it compares in a presubmit, a batch or a postsubmit; elsewhere use --manifest-diff-since, or neither',
      },
    );
  const base = env['PULL_BASE_SHA'] ?? '';
  if (base !== '') return base;
  throw new PromotionError('GIT', `PULL_BASE_SHA is not set in this ${type}`, {
    hint: 'set it to the commit that the pull request starts from',
  });
}
