import { z } from 'zod';
import { PromotionError } from '../../errors.ts';

/** The audience that Fulcio requires. */
export const AUDIENCE = 'sigstore';

// https://www.rfc-editor.org/rfc/rfc7519#section-4.1; the others are the claims by which Fulcio names its callers
const Claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  sub: z.string().optional(),
  email: z.string().optional(),
  email_verified: z.union([z.boolean(), z.string()]).optional(),
  job_workflow_ref: z.string().optional(),
  ci_config_ref_uri: z.string().optional(),
  federated_claims: z.object({ connector_id: z.string() }).optional(),
});

/** The claims of an identity token. */
export type Claims = z.infer<typeof Claims>;

/** An identity token that Fulcio may accept; `raw` is a secret. */
export type IdentityToken = { readonly raw: string; readonly claims: Claims };

/** Parts of the identity that Fulcio will certify, as far as they are known in advance. */
export type Expectation = { readonly subject?: string; readonly issuer?: string };

/**
 * Parses and checks an identity token, because Fulcio responds with the same 400 to every problem. Throws IDENTITY with
 * the problem, and never with the token. `from` names its source.
 */
export function readToken(given: string, from: string, now: number): IdentityToken {
  const raw = given.trim();
  const claims = claimsIn(raw);
  const bad = (what: string, hint: string): PromotionError =>
    new PromotionError('IDENTITY', `the identity token ${from} ${what}`, { hint });
  if (claims === undefined) throw bad('is not an OpenID Connect token', 'use a JWT with issuer, audience and expiry');
  const { iss, aud, exp, email } = claims;
  if (exp * 1000 <= now)
    throw bad(`expired at ${new Date(exp * 1000).toISOString()}`, 'get a new one right before the run');
  if (![aud].flat().includes(AUDIENCE))
    throw bad(`is for the audience "${shown([aud].flat().join(', '))}"`, `request one with the audience "${AUDIENCE}"`);
  if (!URL.canParse(iss)) throw bad(`has the invalid issuer "${shown(iss)}"`, 'its "iss" must be an address');
  if (email === undefined && !claims.sub) throw bad('names no subject', 'it must have an "email" or a "sub"');
  if (email !== undefined && String(claims.email_verified ?? true) !== 'true')
    throw bad(`has an e-mail address that ${shown(iss)} has not verified`, 'verify it there, or use another account');
  return { raw, claims };
}

function claimsIn(raw: string): Claims | undefined {
  const [, body = '', ...rest] = raw.split('.');
  if (rest.length !== 1) return undefined;
  try {
    return Claims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Returns the text that Fulcio requires to be signed as proof that the caller has the key. */
export function challengeOf({ email, sub = '' }: Claims): string {
  return email ?? sub;
}

const GITHUB = 'https://token.actions.githubusercontent.com';
const GITLAB = 'https://gitlab.com';

/**
 * Returns the identity that Fulcio derives from these claims, as far as it is known:
 * https://github.com/sigstore/fulcio/blob/v1.8.8/docs/oidc.md
 */
export function expectationOf({
  iss,
  email,
  job_workflow_ref: workflow,
  ci_config_ref_uri: config,
  ...rest
}: Claims): Expectation {
  // For federated logins, Fulcio may be configured to name the federated issuer.
  const issuer = rest.federated_claims === undefined ? { issuer: iss } : {};
  if (email !== undefined) return { subject: email, ...issuer };
  if (iss === GITHUB && workflow !== undefined) return { subject: `https://github.com/${workflow}`, ...issuer };
  if (iss === GITLAB && config !== undefined) return { subject: `https://${config}`, ...issuer };
  return issuer;
}

function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
