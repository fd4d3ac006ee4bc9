/** The environment variables that change what any run does; those of credentials are explained elsewhere. */
export const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['NO_COLOR', 'Any value but the empty one switches colours off, and the display of the progress.'],
  ['TERM', 'No colours and no display when it is "dumb".'],
  ['CI', 'Any value but the empty one switches the display of the progress off.'],
  ['HTTPS_PROXY, HTTP_PROXY', 'The proxy for registries reached over HTTPS and over plain HTTP, as http://host:port.'],
  ['KPROMO_LIMITER', 'The Redis server of --limiter, where the flag is left out.'],
  ['JOB_TYPE, PULL_BASE_SHA', 'Set by Prow; read with --use-prow-manifest-diff.'],
  [
    'GITHUB_ACTIONS, GITHUB_STEP_SUMMARY, GITHUB_WORKSPACE',
    'Set by GitHub Actions: problems are then shown beside their lines, and the report as the summary of the job.',
  ],
  ['NO_PROXY', 'Hosts, networks and *, separated by commas, that are reached without a proxy.'],
];
