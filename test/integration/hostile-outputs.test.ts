import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBuilt, runCli, type Ended } from '../support/built-cli.ts';
import { homeWith } from '../support/home.ts';

/** What a terminal, a viewer or a runner would act on, where a name of an image is expected. */
const EVIL = ['##[error]x', 'a##[set-env name=PATH]x', '::error::x', '\u202egnp.x', '\u{e0041}\u{e0042}', '\u2066x'];
const ACTED_ON = /##\[|[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]|^\s*::/mu;

let checkout: string;
let outside: string;

beforeAll(ensureBuilt);
beforeEach(async () => {
  checkout = await homeWith({});
  outside = await homeWith({ precious: 'mine' });
  await mkdir(join(checkout, 'manifests/app'), { recursive: true });
  await mkdir(join(checkout, 'images/app'), { recursive: true });
  await writeFile(
    join(checkout, 'manifests/app/promoter-manifest.yaml'),
    'registries: [{name: 127.0.0.1:1/s, src: true}, {name: 127.0.0.1:1/p}]\n',
  );
  await writeFile(join(checkout, 'images/app/images.yaml'), '[]\n');
});

const run = (...args: readonly string[]): Promise<Ended> => runCli([...args], { cwd: checkout, env: {} });

describe('outputs of a run in the checkout of a pull request', () => {
  it.each([
    ['--events', 'out.jsonl'],
    ['--report', 'out.json'],
    ['--report', 'out.md'],
    ['--metrics-file', 'out.prom'],
  ])('%s %s take the place of a link, and leave alone what it leads to', async (flag, name) => {
    await symlink(join(outside, 'precious'), join(checkout, name));
    const { code } = await run('cip', '--manifests', '.', '--parse-only', flag, name);
    expect(code).toBe(0);
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('mine');
    expect((await readFile(join(checkout, name), 'utf8')).length).toBeGreaterThan(0);
  });

  it.each(['--events', '--metrics-file'])('%s does not follow a folder that is a link out of it', async (flag) => {
    await symlink(outside, join(checkout, 'out'));
    const { code, stderr } = await run('cip', '--manifests', '.', '--parse-only', flag, 'out/precious');
    expect(code).toBe(1);
    expect(stderr).toContain('out of the working folder');
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('mine');
  });

  it('hold nothing that a runner obeys, a viewer turns around or nobody sees', async () => {
    const images = EVIL.map(
      (name) => `- {name: ${JSON.stringify(name)}, dmap: {"sha256:x": [${JSON.stringify(name)}]}}\n`,
    );
    await writeFile(join(checkout, 'images/app/images.yaml'), images.join(''));
    const outputs = [
      await run('validate', '.'),
      await run('validate', '.', '--output', 'json'),
      await run(
        'cip',
        '--manifests',
        '.',
        '--parse-only',
        '--report',
        'r.xml',
        '--report',
        'r.json',
        '--report',
        'r.md',
      ),
      await run('cip', '--manifests', '.', '--parse-only', '--events', '-', '--log-level', 'trace'),
      await run('cip', '--manifests', '.', '--parse-only', '--log-format', 'json'),
    ];
    const files = await Promise.all(['r.xml', 'r.json'].map((name) => readFile(join(checkout, name), 'utf8')));
    for (const { code, stdout, stderr } of outputs) {
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('error');
      expect(stdout).not.toMatch(ACTED_ON);
      expect(stderr).not.toMatch(ACTED_ON);
    }
    for (const text of files) expect(text).not.toMatch(ACTED_ON);
  });
});
