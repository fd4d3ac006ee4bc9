import { inspect } from 'node:util';
import { onTestFinished } from 'vitest';
import { homeWith } from './home.ts';
import { imageOf } from './promotion/plan-cases.ts';
import { startProxy, type TestProxy } from './proxy.ts';
import type { Fault, FaultRequest } from './registry/faults.ts';
import { storeImage } from './registry/images.ts';
import { startRegistry, type TestRegistry } from './registry/server.ts';
import { scriptedServer, type ScriptedServer } from './scripted-server.ts';

/** Stands in every secret that is made up here, and nowhere else. */
export const MARK = 'zq7';

const PASSWORD = `password-${MARK}`;
const encoded = (text: string): string => Buffer.from(text).toString('base64');

/** Staging with an identity token, mirrors with a password, with a helper, and behind a proxy with a password. */
export type SecretWorld = {
  readonly home: string;
  readonly staging: TestRegistry;
  readonly mirrors: readonly TestRegistry[];
  /** The mirrors as manifests name them; the last one is known to the proxy only. */
  readonly names: readonly string[];
  readonly proxy: TestProxy;
  readonly env: Readonly<Record<string, string>>;
  /** Storage that signed addresses lead to; it refuses everybody, and repeats what it was asked. */
  readonly storage: ScriptedServer;
  /** Lets something go wrong in every registry. */
  trouble(fault: (request: FaultRequest) => Fault | undefined): void;
  /** Everything that must not be shown, what was given out in the meantime included. */
  secrets(): readonly string[];
};

/** A world in which every way to a registry has a secret of its own. */
export async function secretWorld(): Promise<SecretWorld> {
  const users = { me: PASSWORD };
  const bearer = { scheme: 'bearer', users, identityTokens: { [`refresh-${MARK}`]: 'me' } } as const;
  const staging = await startRegistry({ auth: bearer, keepLog: true });
  const mirrors = [
    await startRegistry({ auth: { scheme: 'basic', users }, keepLog: true }),
    await startRegistry({ auth: { scheme: 'bearer', users }, keepLog: true }),
    await startRegistry({ auth: { scheme: 'basic', users }, keepLog: true }),
  ];
  const [first, helped, hidden] = mirrors as [TestRegistry, TestRegistry, TestRegistry];
  const proxy = await startProxy({ credentials: `proxy:proxy-${MARK}`, hosts: { 'mirror.test:5000': hidden.host } });
  onTestFinished(async () => {
    await Promise.all([staging, ...mirrors].map((registry) => registry.close()));
    await proxy[Symbol.asyncDispose]();
  });
  storeImage(staging.store, 'staging/app', imageOf('A'));
  const login = { auth: encoded(`me:${PASSWORD}`) };
  const home = await homeWith({
    '.docker/config.json': {
      auths: {
        [staging.host]: { auth: encoded('me:'), identitytoken: `refresh-${MARK}` },
        [first.host]: login,
        'mirror.test:5000': login,
      },
      credHelpers: { [helped.host]: 'test' },
    },
    'bin/docker-credential-test': helper(`{"Username":"me","Secret":"${PASSWORD}"}`),
    'registries.yaml': 'version: 1\nregistries:\n- match: "mirror.test:5000"\n  insecure: true\n',
  });
  const storage = await scriptedServer(({ url, headers }, response) => {
    const echo = `<Error><Code>SignatureDoesNotMatch</Code><Message>${url} ${headers.authorization}</Message></Error>`;
    response.writeHead(403, { 'content-type': 'application/xml' }).end(echo);
  });
  const registries = [staging, ...mirrors];
  return {
    home,
    staging,
    mirrors,
    proxy,
    storage,
    names: [first.host, helped.host, 'mirror.test:5000'],
    env: {
      HOME: home,
      PATH: `${home}/bin:/usr/bin:/bin`,
      HTTP_PROXY: `http://proxy:proxy-${MARK}@${proxy.url.host}`,
    },
    trouble: (fault) => {
      for (const registry of registries) registry.inject(fault);
    },
    secrets: () => [
      MARK,
      encoded(`me:${PASSWORD}`).slice(0, -2),
      encoded(`proxy:proxy-${MARK}`).slice(0, -2),
      encoded(`refresh-${MARK}`).slice(4, -4),
      ...new Set(
        registries
          .flatMap(({ counters }) => counters.log)
          .map(({ headers }) => /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1])
          .filter((token) => token !== undefined),
      ),
    ],
  };
}

/** A credential helper that says this. */
export function helper(output: string): string {
  return `#!/bin/sh\ncat > /dev/null\necho '${output}'\n`;
}

/** Everything that can be seen of a value, hidden properties and causes of errors included. */
export function shownBy(value: unknown): string {
  return inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null, breakLength: 200 });
}

/** What a registry could say back of a request: all that it was told in headers and address. */
export function echoOf({ path, headers }: FaultRequest): string {
  return `${path} Authorization: ${headers.authorization} Proxy-Authorization: ${headers['proxy-authorization']}`;
}

/** An address that a registry signs: whoever has it may read the blob. */
export function signed(base: URL | string): string {
  const url = new URL('/bucket/blob', base);
  url.search = `X-Amz-Signature=signature-${MARK}&X-Amz-Credential=${MARK}&${MARK}`;
  return url.href;
}
