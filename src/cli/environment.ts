/** A row of the documentation: the variables that are read together, and what they do. */
export type Variables = readonly [names: string, meaning: string];

/** The environment variables that change what any run does. */
export const ENVIRONMENT: readonly Variables[] = [
  ['NO_COLOR', 'Any value but the empty one switches off colours and the display of the progress.'],
  ['TERM', 'No colours and no display if it is "dumb".'],
  ['CI', 'Any value but the empty one switches off the display of the progress.'],
  ['HTTPS_PROXY, HTTP_PROXY', 'The proxy for registries reached over HTTPS and over plain HTTP, as http://host:port.'],
  ['NO_PROXY', 'Hosts, networks and *, separated by commas, that are reached without a proxy.'],
  ['NODE_EXTRA_CA_CERTS', 'A PEM file of certificate authorities that are trusted for all hosts; read by Node.js.'],
  ['KPROMO_LIMITER', 'The Redis server of --limiter, if the flag is left out.'],
  [
    'PATH',
    'Where git, credential helpers, trivy and grype are found. Each gets the variables that it needs, and no others.',
  ],
  [
    'KPROMO_PASS_ENV',
    'Names of further variables that helpers and scanners get, separated by commas; ACME_* is all that begin so.',
  ],
  ['HOME', 'Where the files of the Docker configuration, of clouds and of TUF are looked for.'],
];

/** Those that CI systems set. */
export const CI_ENVIRONMENT: readonly Variables[] = [
  ['JOB_TYPE, PULL_BASE_SHA', 'Prow: what --use-prow-manifest-diff compares with.'],
  ['JOB_NAME, JOB_SPEC', 'Prow: the job and its repository, as promotion records name them.'],
  ['BUILD_ID, PROW_JOB_ID', 'Prow: the run of the job, as promotion records name it.'],
  ['GITHUB_ACTIONS', 'GitHub Actions: "true" shows problems beside their lines.'],
  ['GITHUB_STEP_SUMMARY', 'GitHub Actions: the file of the job summary, to which the report is added.'],
  ['GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID', 'GitHub Actions: the address of the job in reports.'],
  ['CI_JOB_URL, BUILD_URL', 'GitLab and Jenkins: the address of the job in reports.'],
  ['BUILDKITE_BUILD_URL, CIRCLE_BUILD_URL', 'Buildkite and CircleCI: the address of the job in reports.'],
  ['GITHUB_WORKSPACE', 'GitHub Actions: the folder that the paths of problems are relative to.'],
];

/** Those that signing and the verification of signatures read. */
export const SIGNING_ENVIRONMENT: readonly Variables[] = [
  ['COSIGN_PASSWORD', 'The password of the key file of cosign that --key names.'],
  ['SIGSTORE_ID_TOKEN', 'The OpenID Connect token to sign with, for Fulcio.'],
  ['ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'GitHub Actions: where such a token is requested.'],
  ['BUILDKITE_AGENT_ENDPOINT, BUILDKITE_AGENT_ACCESS_TOKEN', 'Buildkite: where such a token is requested.'],
  ['BUILDKITE_JOB_ID', 'Buildkite: the job that the token is for.'],
  ['TUF_MIRROR', 'The address of the TUF repository with trust root and signing configuration; Sigstore by default.'],
  ['TUF_ROOT_JSON', 'The root.json that the TUF repository is checked with, as a file.'],
  ['TUF_ROOT', 'The folder where TUF metadata is cached, as cosign has it.'],
  ['XDG_CACHE_HOME', 'The folder of caches where TUF_ROOT is not set.'],
];

/** Those that credentials for registries come from; docs/credentials.md says which source is used when. */
export const CREDENTIAL_ENVIRONMENT: readonly Variables[] = [
  ['DOCKER_CONFIG', 'The folder of the config.json of Docker; ~/.docker by default.'],
  ['REGISTRY_AUTH_FILE', 'The auth.json of Podman, Buildah and Skopeo.'],
  ['XDG_RUNTIME_DIR, XDG_CONFIG_HOME', 'The folders in which containers/auth.json is looked for.'],
  ['GOOGLE_APPLICATION_CREDENTIALS', 'Google: a file with a service account key, or of workload identity federation.'],
  ['CLOUDSDK_CONFIG', 'Google: the folder of gcloud; ~/.config/gcloud by default.'],
  ['CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT', 'Google: the service account to act as, or a chain of them.'],
  ['METADATA_SERVER_DETECTION', 'Google: "assume-present" waits for the metadata server, "none" does not ask it.'],
  ['GCE_METADATA_HOST, GCE_METADATA_IP', 'Google: the address of the metadata server.'],
  ['AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY', 'AWS: the keys.'],
  ['AWS_SESSION_TOKEN', 'AWS: the session of temporary keys.'],
  ['AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE', 'AWS: the file with keys, and the profile in it.'],
  ['AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN', 'AWS: a token of OpenID Connect, and the role that it is for.'],
  ['AWS_ROLE_SESSION_NAME', 'AWS: the name of that session; "kpromo" by default.'],
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS: where a task on ECS gets keys.'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS: where EKS Pod Identity gives keys.'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS: what is sent there.'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS: the file with what is sent there.'],
  ['AWS_EC2_METADATA_DISABLED', 'AWS: "true" leaves the metadata service of EC2 alone.'],
  ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS: the address of that service.'],
  ['AZURE_TENANT_ID, AZURE_CLIENT_ID', 'Azure: the application.'],
  ['AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_SECRET', 'Azure: how the application proves itself.'],
  ['AZURE_AUTHORITY_HOST', 'Azure: the address of the authority that gives tokens.'],
  ['GITHUB_TOKEN, GITHUB_ACTOR', 'GitHub: password and user for ghcr.io.'],
  ['CI_REGISTRY', 'GitLab: the registry that the following are for.'],
  ['CI_REGISTRY_USER, CI_REGISTRY_PASSWORD', 'GitLab: user and password.'],
  ['CI_JOB_TOKEN', 'GitLab: the token of the job, used if there is no CI_REGISTRY_PASSWORD.'],
];
