import { describe, expect, it } from 'vitest';
import { kpromo } from '../support/promotion/cip.ts';
import { scriptedServer, type Answer } from '../support/scripted-server.ts';

const NAMES = [
  '../../../v2/other/app',
  '..',
  'a/../../b',
  'v1?ns=other',
  'v1#x',
  'v1 v2',
  '%2e%2e%2fother',
  '\\..\\other',
  '/etc/passwd',
  'a\u001b[2Jb',
  'a\nb: c',
  'a\r::error::x',
  'a\u202eb',
  'a\u0000b',
  '-rf',
  '',
  'v'.repeat(100_000),
  '@sha256:0',
  '__proto__/x',
] as const;

/** Serves a catalog and lists of tags; whatever else is asked for is not there. */
const listing =
  (repositories: readonly string[], tags: readonly string[]): Answer =>
  ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://registry');
    if (pathname === '/v2/_catalog') response.end(JSON.stringify({ repositories }));
    else if (pathname === '/v2/prod/app/tags/list') response.end(JSON.stringify({ name: 'prod/app', tags }));
    else response.writeHead(404).end();
  };

const snapshotOf = async (
  answer: Answer,
): Promise<{ readonly text: string; readonly code: number; readonly asked: readonly string[] }> => {
  const server = await scriptedServer(answer);
  const { code, stdout, stderr } = await kpromo(['cip', `--snapshot=${server.url.host}/prod`, '--timeout=2s'], {
    speed: 50,
  });
  return { code, text: stdout + stderr, asked: server.requests };
};

/** Only what names what is below /v2/prod/app, or the catalog, was asked for. */
const EXPECTED =
  /^(?:GET|HEAD) \/v2\/(?:|_catalog(?:\?[^/]*)?|prod(?:\/app)?\/tags\/list(?:\?[^/]*)?|prod\/app\/manifests\/ok)$/;

describe('names from a registry', () => {
  it.each(NAMES)('are not asked for and move no cursor: the tag %j', async (name) => {
    const { code, text, asked } = await snapshotOf(listing(['prod/app'], ['ok', name]));
    expect(code).toBe(1);
    expect(asked.filter((line) => !EXPECTED.test(line))).toEqual([]);
    expect(text).toContain('as a tag, which is not a valid tag');
    expect(text).not.toMatch(/[^\P{C}\n]|^::error/mu);
    expect(text.length).toBeLessThan(5000);
  });

  it.each(NAMES)('are not asked for and move no cursor: the repository prod/%j', async (name) => {
    const { text, asked } = await snapshotOf(listing(['prod/app', `prod/${name}`], ['ok']));
    expect(asked.filter((line) => !EXPECTED.test(line))).toEqual([]);
    expect(text).not.toMatch(/[^\P{C}\n]|^::error/mu);
    expect(text.length).toBeLessThan(5000);
  });
});
