import type { LookupFunction } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostileAnswer, type HostileAnswer } from '../../test/support/fuzz/answers.ts';
import { scriptedServer } from '../../test/support/scripted-server.ts';
import { realClock } from '../clock.ts';
import { isPromotionError } from '../errors.ts';
import { jitteredPause } from '../async/backoff.ts';
import { httpStack } from '../http/stack.ts';
import { digestOf } from '../image/digest.ts';
import { distributionRegistry } from './distribution/index.ts';
import type { Call, Registry } from './roles.ts';

const PROPERTIES = { seed: 707, numRuns: 200 };
const MOST_REQUESTS = 60;

const DIGEST = digestOf(Buffer.from('x'));
const BLOB = { mediaType: 'application/octet-stream', digest: DIGEST, size: 1 };

/** Everything that asks a registry something. */
const CALLS: Readonly<Record<string, (registry: Registry, repository: string, call: Call) => Promise<unknown>>> = {
  listRepository: (registry, repository, call) => registry.listRepository(repository, call),
  readManifest: (registry, repository, call) => registry.readManifest(repository, DIGEST, call),
  resolveManifest: (registry, repository, call) => registry.resolveManifest(repository, 'v1', call),
  readBlob: async (registry, repository, call) => {
    for await (const chunk of registry.readBlob(repository, BLOB, call)) expect(chunk.length).toBeGreaterThan(0);
  },
  startBlob: async (registry, repository, call) => {
    const upload = await registry.startBlob(repository, BLOB, undefined, call);
    if (upload !== 'mounted') await upload.send(Buffer.from('x'), call);
  },
};

/** No name leads anywhere but to this machine. */
const lookup: LookupFunction = (hostname, _options, callback) =>
  callback(Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }), []);

async function world(): Promise<{
  readonly registry: Registry;
  readonly host: string;
  say(answers: readonly HostileAnswer[]): void;
}> {
  let script: readonly HostileAnswer[] = [];
  let asked = 0;
  const server = await scriptedServer((_request, response) => {
    const { status, headers, body } = script[asked % script.length] ?? { status: 404, headers: {}, body: '' };
    asked += 1;
    const isOver = asked > MOST_REQUESTS;
    for (const [name, value] of Object.entries(isOver ? {} : headers)) response.setHeader(name, value);
    response.writeHead(isOver ? 404 : status).end(body);
  });
  const clock = realClock();
  const credentials = async (): Promise<{ kind: 'basic'; username: string; password: string }> => ({
    kind: 'basic',
    username: 'me',
    password: 'password-of-the-test',
  });
  const { fetch, close } = httpStack({ clock, random: () => 0, retries: 0, lookup, credentials });
  onTestFinished(close);
  const pause = jitteredPause(clock, () => 0);
  const registry = distributionRegistry({ fetch, clock, pause, baseUrl: (host) => new URL(`http://${host}`) });
  return {
    registry,
    host: server.url.host,
    say: (answers) => {
      [script, asked] = [answers, 0];
    },
  };
}

describe('src/registry: hostile answers', () => {
  it.each(Object.entries(CALLS))(
    'end %s with a result or a PromotionError, whatever the headers are',
    async (_name, ask) => {
      const { registry, host, say } = await world();
      await fc.assert(
        fc.asyncProperty(fc.array(hostileAnswer, { minLength: 1, maxLength: 4 }), async (answers) => {
          say(answers);
          const outcome = await ask(registry, `${host}/app`, { signal: new AbortController().signal }).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (outcome === undefined) return;
          expect(isPromotionError(outcome) ? outcome.code : outcome).toMatch(/^(?!INTERNAL)[A-Z_]+$/);
          const { message, hint = '' } = outcome as { message: string; hint?: string };
          expect(message + hint).not.toMatch(
            /password-of-the-test|issued-token-of-the-test|(?:Type|Range|Syntax)Error|Invalid URL|\[object/,
          );
          expect(message.length + hint.length).toBeLessThan(3000);
        }),
        PROPERTIES,
      );
    },
  );
});
