import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url));

async function kpromo(
  ...argv: string[]
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [BIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

/** The modules that help may load besides the flags and their readers. */
const FOR_HELP: ReadonlySet<string> = new Set(
  [
    'abort clock errors events',
    under('cli', 'bin main route unknown environment exit-codes given-secrets help/help'),
    under('cli/output', 'log log-levels repeats reporting screen streams'),
    under('image', 'asked-ref digest end-slashes host json-text pattern reference'),
    under('secrets', 'find-secrets fold forms secrets windows'),
    under('text', 'go-duration go-quote nearest'),
    'github/names redis/address scan/scanner report/formats/index',
  ]
    .flatMap((names) => names.split(' '))
    .map((name) => `${name}.ts`),
);

function under(folder: string, names: string): string {
  return names.replace(/[\w-]+(?:\/[\w-]+)?/g, `${folder}/$&`);
}

describe('src/cli/bin.ts', () => {
  it('passes on arguments, output and exit code', async () => {
    expect(await kpromo('version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kpromo v/), stderr: '' });
    expect(await kpromo('nonsense')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('level=fatal'),
    });
  });

  it.each([
    ['20.20.2', 1],
    ['22.9.3', 1],
    ['22.22.1', 1],
    ['22.22.2', 0],
    ['22.23.0', 0],
    ['24.0.0', 0],
  ])('checks Node %s before it loads other modules: exit code %i', async (version, expected) => {
    const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
    const child = spawn(process.execPath, ['--import', pretend, BIN, 'version'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(code).toBe(expected);
    expect(stderr).toMatch(expected === 0 ? /^$/ : /^kpromo needs Node 22\.22\.2 or newer; this is v.*\.\n$/);
  });

  it('requires the Node version of package.json', async () => {
    const { engines } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      readonly engines: { readonly node: string };
    };
    expect(engines.node).toBe('>=22.22.2');
  });

  it('does not crash if its output is closed', async () => {
    const child = spawn(process.execPath, [BIN, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('loads only a few small files for --help', async () => {
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ resolve: (name, context, next) => { const found = next(name, context); loaded.push(found.url); return found; } });
      process.argv = [process.execPath, 'kpromo', 'cip', '--help=all'];
      await import(${JSON.stringify(BIN)});
      console.error(JSON.stringify(loaded));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const loaded = JSON.parse(await text(child.stderr)) as string[];
    expect(loaded.length).toBeGreaterThan(5);
    const foreign = loaded
      .filter((url) => !url.startsWith('node:'))
      .map((url) => url.replace(/^.*\/src\//, ''))
      .filter((path) => !/^cli\/options\/(?:\w+\/)?[\w-]+\.ts$/.test(path) && !FOR_HELP.has(path));
    expect(foreign).toEqual([]);
  });
});
