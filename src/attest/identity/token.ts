import { z } from 'zod';
import { PromotionError } from '../../errors.ts';

/** The audience that Fulcio asks for. */
export const AUDIENCE = 'sigstore';

// https://www.rfc-editor.org/rfc/rfc7519#section-4.1; the others are those by which Fulcio names its callers
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

/** What an identity token says. */
export type Claims = z.infer<typeof Claims>;

/** An identity token that Fulcio may take; `raw` is a secret. */
export type IdentityToken = { readonly raw: string; readonly claims: Claims };

/** What is known beforehand of the identity that Fulcio will certify. */
export type Expectation = { readonly subject?: string; readonly issuer?: string };

/** Fulcio answers one and the same 400 to whatever is wrong with a token: throws IDENTITY that says what, and never the token. `from` names its source. */
export function readToken(given: string, from: string, now: number): IdentityToken {
  const raw = given.trim();
  const claims = claimsIn(raw);
  const bad = (what: string, hint: string): PromotionError =>
    new PromotionError('IDENTITY', `the identity token ${from} ${what}`, { hint });
  if (claims === undefined) throw bad('is no OpenID Connect token', 'give a JWT with issuer, audience and expiry');
  const { iss, aud, exp, email } = claims;
  if (exp * 1000 <= now)
    throw bad(`expired at ${new Date(exp * 1000).toISOString()}`, 'get a new one right before the run');
  if (![aud].flat().includes(AUDIENCE))
    throw bad(`is for the audience "${shown([aud].flat().join(', '))}"`, `ask for one with the audience "${AUDIENCE}"`);
  if (!URL.canParse(iss)) throw bad(`names no issuer but "${shown(iss)}"`, 'its "iss" must be an address');
  if (email === undefined && !claims.sub) throw bad('names nobody', 'it must have an "email" or a "sub"');
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

/** What Fulcio wants signed to prove that the caller has the key. */
export function challengeOf({ email, sub = '' }: Claims): string {
  return email ?? sub;
}

const GITHUB = 'https://token.actions.githubusercontent.com';
const GITLAB = 'https://gitlab.com';

/** The identity that Fulcio makes of these claims, as far as that is known: https://github.com/sigstore/fulcio/blob/v1.8.8/docs/oidc.md */
export function expectationOf({
  iss,
  email,
  job_workflow_ref: workflow,
  ci_config_ref_uri: config,
  ...rest
}: Claims): Expectation {
  // Who federates others' logins has Fulcio name them as the issuer, if it is set so.
  const issuer = rest.federated_claims === undefined ? { issuer: iss } : {};
  if (email !== undefined) return { subject: email, ...issuer };
  if (iss === GITHUB && workflow !== undefined) return { subject: `https://github.com/${workflow}`, ...issuer };
  if (iss === GITLAB && config !== undefined) return { subject: `https://${config}`, ...issuer };
  return issuer;
}

function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
