import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, runCli } from '../../support/built-cli.ts';
import { writeTree } from '../../support/promotion/tree.ts';
import { storeImage } from '../../support/registry/images.ts';
import { digestOf, imageOf, LOST_DIGEST, startWorld } from './world.ts';

/** Templates whose work this program does not do, does otherwise, or does not do yet. */
const ABSENT: readonly (readonly [reason: string, template: RegExp])[] = [
  ['there is no Go in it', /^kpromo v<version>/],
  ['checks of staging', /^Options to check the Signatures|^Verifying <n> references|^No attestation found/],
  ['adaptive rates', /^Rate limit adjusted/],
  ['a dry run ends with the plan as long as there is no validate', /^Phase "validate" requested pipeline stop/],
  [
    'signature replication',
    /^Found <n> |^Grouping <n>|^Phase <n>: listing|^Listed <n>|^Signature status|^<n> copies|^Copying <n>|^Copied signature/,
  ],
];

/** One line an edge, a mirror, a repository or an image that is told of elsewhere: upstream has them at info, where they drown the rest. */
const AT_DEBUG = /^edge <edge>: (?:regular|digest)|^Read registry|^Copying <ref>|^ {2}<ref> \(<digest>\) to/;

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '<n>': '\\d+',
  '<ref>': '[a-z0-9.:/_-]+',
  '<digest>': 'sha256:[0-9a-f]{64}',
  '<edge>': '\\S+@sha256:[0-9a-f]{64} -> \\S+',
  '<time>': '(?:\\d+h)?(?:\\d+m)?[\\d.]+m?s',
  '<tag>': '[\\w.-]+',
  '<tags>': '[\\w., -]+',
  '<dir>': '[^"]+',
  '<what>': '.+',
  '<error>': '.+',
  '<phase>': '[a-z]+',
};

type Template = { readonly level: string; readonly text: string };

const TEMPLATES: readonly Template[] = readFileSync(join(import.meta.dirname, '../../fixtures/log-lines.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ level: line.slice(0, line.indexOf(' ')), text: line.slice(line.indexOf(' ') + 1) }));

/** The start of a log line that this template makes; more may follow. */
function patternOf({ level, text }: Template): RegExp {
  const words = text.replace(/setup \|.*/, '(?:setup|plan|promote)');
  const quoted = words.replaceAll(/["\\]/g, '\\$&');
  const pattern = quoted
    .split(/(<[a-z]+>|\(\?:.*?\))/)
    .map((part, index) =>
      index % 2 === 0 ? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : (PLACEHOLDERS[part] ?? part),
    )
    .join('');
  return new RegExp(
    `^time="\\d\\d:\\d\\d:\\d\\d\\.\\d{3}" level=${AT_DEBUG.test(text) ? 'debug' : level} msg="${pattern}`,
  );
}

/** The logs of runs in which all happens that can. */
async function eventfulLog(): Promise<readonly string[]> {
  await using world = await startWorld();
  for (const { store } of world.mirrors) {
    storeImage(store, 'prod/app', imageOf(1), ['v1']);
    storeImage(store, 'prod/app', imageOf(2), ['v2']);
  }
  const entries = { 'v1.0': digestOf(1), v1: digestOf(3), v2: digestOf(1), v4: digestOf(4), v9: LOST_DIGEST };
  await using tree = await writeTree([world.project('one', entries)]);
  const run = async (...args: string[]): Promise<string> =>
    (await runCli(['cip', '--manifests', '.', '--log-level=debug', ...args], { cwd: tree.path })).stderr;
  world.staging.inject(({ nth, kind }) => (kind === 'getBlob' && nth === 1 ? { status: 500 } : undefined));
  const logs = [await run('--dry-run'), await run('--confirm', '--sign=false'), await run('--confirm', '--sign=false')];
  return logs.flatMap((log) => log.split('\n'));
}

describe('test/fixtures/log-lines.txt', () => {
  let lines: readonly string[];
  beforeAll(async () => {
    await ensureBuilt();
    lines = await eventfulLog();
  });

  const present = TEMPLATES.filter(({ text }) => !ABSENT.some(([, template]) => template.test(text)));

  it('has a template for every line that is said to be absent', () => {
    for (const [reason, template] of ABSENT)
      expect(
        TEMPLATES.some(({ text }) => template.test(text)),
        reason,
      ).toBe(true);
    expect(present.length).toBeGreaterThan(15);
  });

  it.each(present)('prints "$level $text"', (template) => {
    const pattern = patternOf(template);
    expect(
      lines.filter((line) => pattern.test(line)),
      String(pattern),
    ).not.toEqual([]);
  });

  it('prints no line of an edge, a mirror or a repository above debug', () => {
    const byInfo = lines.filter((line) => /level=info/.test(line));
    expect(byInfo.filter((line) => /msg="(?:edge |Read registry|Copying )/.test(line))).toEqual([]);
  });
});
