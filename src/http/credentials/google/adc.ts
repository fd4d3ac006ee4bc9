import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PromotionError } from '../../../errors.ts';
import { jsonSecrets } from '../../../secrets/find-secrets.ts';
import type { GoogleOptions } from './options.ts';

// https://cloud.google.com/docs/authentication/application-default-credentials and https://google.aip.dev/auth/4112
const ServiceAccount = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
});
const AuthorizedUser = z.object({
  type: z.literal('authorized_user'),
  client_id: z.string(),
  client_secret: z.string(),
  refresh_token: z.string(),
});
// https://google.aip.dev/auth/4117
const ExternalAccount = z.looseObject({
  type: z.literal('external_account'),
  audience: z.string(),
  subject_token_type: z.string(),
  token_url: z.url(),
  service_account_impersonation_url: z.url().optional(),
  credential_source: z.looseObject({
    file: z.string().optional(),
    url: z.url().optional(),
  }),
});
const Impersonated = z.object({
  type: z.literal('impersonated_service_account'),
  service_account_impersonation_url: z.string(),
  delegates: z.array(z.string()).optional(),
  source_credentials: z.discriminatedUnion('type', [ServiceAccount, AuthorizedUser, ExternalAccount]),
});
const CredentialFile = z.discriminatedUnion('type', [ServiceAccount, AuthorizedUser, ExternalAccount, Impersonated]);

/** A parsed file of Application Default Credentials. */
export type CredentialFile = z.infer<typeof CredentialFile>;

/** A credential file that can get a token by itself, without impersonation. */
export type SourceFile = Exclude<CredentialFile, { type: 'impersonated_service_account' }>;

/**
 * Reads the file of Application Default Credentials: the one that GOOGLE_APPLICATION_CREDENTIALS names, else gcloud's.
 * Returns undefined if there is none.
 */
export async function applicationDefault({
  env,
  home,
  secrets,
}: Pick<GoogleOptions, 'env' | 'home' | 'secrets'>): Promise<CredentialFile | undefined> {
  const named = env['GOOGLE_APPLICATION_CREDENTIALS'];
  const folder = env['CLOUDSDK_CONFIG'] || join(home, '.config', 'gcloud');
  const path = named || join(folder, 'application_default_credentials.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!named && error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw fileError(path, 'cannot be read', error);
  }
  for (const secret of jsonSecrets(text)) secrets?.learn(secret);
  const { data } = CredentialFile.safeParse(parsed(text));
  if (data === undefined) throw fileError(path, 'contains no supported kind of credentials');
  return data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Parser messages quote the file, so none is kept.
    return undefined;
  }
}

function fileError(path: string, what: string, cause?: unknown): PromotionError {
  return new PromotionError('UNAUTHORIZED', `getting a Google access token: ${path} ${what}`, {
    cause,
    hint: 'run "gcloud auth application-default login", or correct GOOGLE_APPLICATION_CREDENTIALS',
  });
}
