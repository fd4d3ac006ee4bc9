import { tokens, WORKFLOW, type Claims, type Tokens } from './oidc.ts';
import { json, type Routes } from './service.ts';

/** Three issuers that a real Fulcio asks for their keys, one for each way in which it names people. */
type RealIssuers = {
  readonly tokens: Tokens;
  readonly routes: Routes;
  /** Fulcio's configuration. */
  readonly config: object;
  /** The issuer in the certificates of a workflow, and of whoever has no e-mail address. */
  readonly workflow: string;
  readonly plain: string;
};

/** Issuers at `url`, by this clock. */
export function realIssuers(now: () => number, url: string): RealIssuers {
  const issuer = { email: `${url}/email`, workflow: `${url}/ci`, plain: `${url}/uri` };
  const adapt = (claims: Claims): Claims => {
    if (claims['iss'] === WORKFLOW.issuer) return { ...claims, iss: issuer.workflow };
    if (claims['email'] === undefined) return { ...claims, iss: issuer.plain };
    // Dex and its like vouch for somebody else's accounts; Fulcio is told to name those as the issuer.
    return { ...claims, iss: issuer.email, federated_claims: { connector_id: claims['iss'] } };
  };
  const own = tokens(now, adapt);
  return {
    tokens: own,
    config: configOf(issuer),
    workflow: issuer.workflow,
    plain: issuer.plain,
    routes: {
      'GET /jwks': () => json(200, { keys: [own.jwk] }),
      ...Object.fromEntries(
        Object.values(issuer).map((address) => [
          `GET ${new URL(address).pathname}/.well-known/openid-configuration`,
          () => json(200, discovery(address, url)),
        ]),
      ),
    },
  };
}

function discovery(issuer: string, url: string): object {
  return {
    issuer,
    jwks_uri: `${url}/jwks`,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

type Issuer = Readonly<Record<'email' | 'workflow' | 'plain', string>>;

/** https://github.com/sigstore/fulcio/blob/v1.8.8/config/identity/config.yaml says the same of the public services. */
function configOf({ email, workflow, plain }: Issuer): object {
  const of = (url: string, rest: object): object => ({ IssuerURL: url, ClientID: 'sigstore', ...rest });
  return {
    OIDCIssuers: {
      [email]: of(email, { Type: 'email', IssuerClaim: '$.federated_claims.connector_id' }),
      [workflow]: of(workflow, { Type: 'ci-provider', CIProvider: 'github-workflow' }),
      [plain]: of(plain, { Type: 'ci-provider', CIProvider: 'plain' }),
    },
    CIIssuerMetadata: {
      'github-workflow': {
        DefaultTemplateValues: { url: 'https://github.com' },
        ExtensionTemplates: EXTENSIONS,
        SubjectAlternativeNameTemplate: '{{ .url }}/{{ .job_workflow_ref }}',
      },
      plain: { SubjectAlternativeNameTemplate: 'sub' },
    },
  };
}

const EXTENSIONS = {
  GithubWorkflowTrigger: 'event_name',
  GithubWorkflowSHA: 'sha',
  GithubWorkflowName: 'workflow',
  GithubWorkflowRepository: 'repository',
  GithubWorkflowRef: 'ref',
  BuildSignerURI: '{{ .url }}/{{ .job_workflow_ref }}',
  BuildSignerDigest: 'job_workflow_sha',
  RunnerEnvironment: 'runner_environment',
  SourceRepositoryURI: '{{ .url }}/{{ .repository }}',
  SourceRepositoryDigest: 'sha',
  SourceRepositoryRef: 'ref',
} satisfies Readonly<Record<string, string>>;
