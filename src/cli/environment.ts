/** A row of the documentation: variables that are read together, and their effect. */
export type Variables = readonly [names: string, meaning: string];

/** Variables that affect every run. */
export const ENVIRONMENT: readonly Variables[] = [
  ['NO_COLOR', 'Any non-empty value disables colours and the progress display.'],
  ['TERM', '"dumb" disables colours and the progress display.'],
  ['CI', 'Any non-empty value disables the progress display.'],
  ['HTTPS_PROXY, HTTP_PROXY', 'The proxy for registries reached over HTTPS and over plain HTTP, as http://host:port.'],
  ['NO_PROXY', 'Hosts and networks to reach without a proxy, separated by commas; * means all.'],
  ['NODE_EXTRA_CA_CERTS', 'A PEM file of certificate authorities to trust for all hosts; read by Node.js.'],
  ['KPROMO_LIMITER', 'The Redis server to use without --limiter.'],
  ['PATH', 'The path to find git, credential helpers, trivy and grype. Each gets only the variables that it needs.'],
  [
    'KPROMO_PASS_ENV',
    'Further variables to pass to helpers and scanners, separated by commas; ACME_* means all with this prefix.',
  ],
  ['GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL', '`kpromo pr`: the author of the commit, before the configuration of git.'],
  ['GIT_SSH_COMMAND', '`kpromo pr`: the command for SSH; ssh by default.'],
  ['HOME', 'The folder with the files of Docker, of clouds and of TUF.'],
];

/** Variables that CI systems set. */
export const CI_ENVIRONMENT: readonly Variables[] = [
  ['JOB_TYPE, PULL_BASE_SHA', 'Prow: select the commit that --use-prow-manifest-diff compares with.'],
  [
    'JOB_COMPLETION_INDEX, KPROMO_SHARDS',
    'Kubernetes: the share to process without --shard, and the number of shares. An Indexed Job sets the first.',
  ],
  ['JOB_NAME, JOB_SPEC', 'Prow: the job and its repository, for promotion records.'],
  ['BUILD_ID, PROW_JOB_ID', 'Prow: the run of the job, for promotion records.'],
  ['GITHUB_ACTIONS', 'GitHub Actions: "true" shows problems at their lines.'],
  ['GITHUB_STEP_SUMMARY', 'GitHub Actions: the file of the job summary, to which the report is appended.'],
  ['GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID', 'GitHub Actions: the address of the job in reports.'],
  ['CI_JOB_URL, BUILD_URL', 'GitLab and Jenkins: the address of the job in reports.'],
  ['BUILDKITE_BUILD_URL, CIRCLE_BUILD_URL', 'Buildkite and CircleCI: the address of the job in reports.'],
  ['GITHUB_WORKSPACE', 'GitHub Actions: the base folder for the paths of problems.'],
];

/** Variables for signing and verifying. */
export const SIGNING_ENVIRONMENT: readonly Variables[] = [
  ['COSIGN_PASSWORD', 'The password of the cosign key file that --key names.'],
  ['SIGSTORE_ID_TOKEN', 'The OpenID Connect token to sign with.'],
  [
    'ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'GitHub Actions: the endpoint that issues such a token.',
  ],
  ['BUILDKITE_AGENT_ENDPOINT, BUILDKITE_AGENT_ACCESS_TOKEN', 'Buildkite: the endpoint that issues such a token.'],
  ['BUILDKITE_JOB_ID', 'Buildkite: the job for which the token is issued.'],
  [
    'TUF_MIRROR',
    'The address of the TUF repository with trust root and signing configuration. Default: the public Sigstore.',
  ],
  ['TUF_ROOT_JSON', 'The path of the root.json that verifies the TUF repository.'],
  ['TUF_ROOT', 'The cache folder of TUF metadata, as for cosign.'],
  ['XDG_CACHE_HOME', 'The folder of caches if TUF_ROOT is not set.'],
];

/** Variables with registry credentials; docs/credentials.md states when each source is used. */
export const CREDENTIAL_ENVIRONMENT: readonly Variables[] = [
  ['DOCKER_CONFIG', 'The folder with config.json of Docker. Default: ~/.docker.'],
  ['REGISTRY_AUTH_FILE', 'The auth.json of Podman, Buildah and Skopeo.'],
  ['XDG_RUNTIME_DIR, XDG_CONFIG_HOME', 'The folders that may contain containers/auth.json.'],
  ['GOOGLE_APPLICATION_CREDENTIALS', 'Google: the file of a service account key or of workload identity federation.'],
  ['CLOUDSDK_CONFIG', 'Google: the folder of gcloud. Default: ~/.config/gcloud.'],
  ['CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT', 'Google: the service account to impersonate, or a chain of accounts.'],
  ['METADATA_SERVER_DETECTION', 'Google: "assume-present" waits for the metadata server, "none" disables it.'],
  ['GCE_METADATA_HOST, GCE_METADATA_IP', 'Google: the address of the metadata server.'],
  ['AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY', 'AWS: access keys.'],
  ['AWS_SESSION_TOKEN', 'AWS: the session token of temporary keys.'],
  ['AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE', 'AWS: the file with access keys, and its profile.'],
  ['AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN', 'AWS: an OpenID Connect token, and the role to assume with it.'],
  ['AWS_ROLE_SESSION_NAME', 'AWS: the name of that session. Default: kpromo.'],
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS: the endpoint with the keys of an ECS task.'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS: the endpoint of EKS Pod Identity.'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS: the authorization for these endpoints.'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS: the file with the authorization for these endpoints.'],
  ['AWS_EC2_METADATA_DISABLED', 'AWS: "true" disables the metadata service of EC2.'],
  ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS: the address of the metadata service.'],
  ['AZURE_TENANT_ID, AZURE_CLIENT_ID', 'Azure: the tenant and the application.'],
  ['AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_SECRET', 'Azure: the credential of the application.'],
  ['AZURE_AUTHORITY_HOST', 'Azure: the address of the authority that issues tokens.'],
  [
    'GITHUB_TOKEN, GITHUB_ACTOR',
    'GitHub: password and user for ghcr.io. For `kpromo pr`: the token of the API, and the author of the commit if git has none configured.',
  ],
  ['CI_REGISTRY', 'GitLab: the registry to which the following variables apply.'],
  ['CI_REGISTRY_USER, CI_REGISTRY_PASSWORD', 'GitLab: user and password.'],
  ['CI_JOB_TOKEN', 'GitLab: the job token, used without CI_REGISTRY_PASSWORD.'],
];
