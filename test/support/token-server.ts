import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authority } from './certificates.ts';

/** Gives tokens that distribution takes for its own (https://distribution.github.io/distribution/spec/auth/jwt/). */
export type TokenServer = {
  /** What a registry has to be told: `auth.token` of its configuration; `rootcertbundle` is to name a file with `root`. */
  readonly auth: { readonly realm: string; readonly service: string; readonly issuer: string };
  /** The certificate that the tokens' own one is signed with, in PEM. */
  readonly root: string;
  /** The scopes that were asked for, one entry a request. */
  readonly asked: readonly (readonly string[])[];
  stop(): Promise<void>;
};

type TokenServerOptions = {
  readonly user: string;
  readonly password: string;
  /** Whether the user may have what is asked for of a repository; all of them unless given. */
  readonly allows?: (repository: string) => boolean;
};

type Access = { readonly type: string; readonly name: string; readonly actions: readonly string[] };

/** Seconds; no test takes longer. */
const LIFETIME = 300;

/** Starts one for a single user on a port of 127.0.0.1. */
export async function startTokenServer({
  user,
  password,
  allows = () => true,
}: TokenServerOptions): Promise<TokenServer> {
  const root = authority('kpromo test tokens');
  const signer = root.issue('token server');
  const asked: string[][] = [];
  const login = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const scopes = scopesOf(request);
    asked.push(scopes);
    if (request.headers.authorization !== login) {
      response.writeHead(401).end('{"details":"incorrect username or password"}');
      return;
    }
    const access = scopes.flatMap(accessOf).filter(({ name }) => allows(name));
    const token = jwt(signer, { ...claims(user), access });
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token, expires_in: LIFETIME, issued_at: new Date().toISOString() }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    auth: {
      realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
      service: SERVICE,
      issuer: ISSUER,
    },
    root: root.cert,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const SERVICE = 'kpromo tests';
const ISSUER = 'kpromo test tokens';

function scopesOf({ url = '/' }: IncomingMessage): string[] {
  return new URL(url, 'http://tokens').searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
}

function accessOf(scope: string): Access[] {
  const [, type, name, actions] = /^([^:]+):(.+):([^:]+)$/.exec(scope) ?? [];
  return type === undefined || name === undefined || actions === undefined
    ? []
    : [{ type, name, actions: actions.split(',') }];
}

function claims(user: string): object {
  const now = Math.floor(Date.now() / 1000);
  return { iss: ISSUER, sub: user, aud: SERVICE, iat: now, nbf: now - 5, exp: now + LIFETIME, jti: randomUUID() };
}

/** Signed with ES256, and with the certificate that proves the key (RFC 7515 §4.1.6). */
function jwt({ cert, key }: { readonly cert: string; readonly key: string }, payload: object): string {
  const x5c = [new X509Certificate(cert).raw.toString('base64')];
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ typ: 'JWT', alg: 'ES256', x5c })}.${part(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
