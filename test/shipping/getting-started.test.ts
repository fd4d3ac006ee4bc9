import { spawn } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ensureBuilt, KPROMO } from '../support/built-cli.ts';
import { homeWith } from '../support/home.ts';
import { masked } from '../support/pages/masked.ts';
import { blocksOf, readPage, stepsOf, type Step } from '../support/pages/pages.ts';
import { orSkip, requireProgram } from '../support/programs.ts';
import { startDistributions } from '../support/real-registries.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';

/** What the page does with Docker and npm, the test has done before: it starts registries, pushes an image and installs. */
const DONE_BEFORE = /^(?:docker|npm) /;

/** The commands of the page in order. A block without output is one step. */
function stepsOfPage(): readonly Step[] {
  const steps = blocksOf(readPage('docs/getting-started.md')).flatMap((block) =>
    block.language === 'console' ? stepsOf(block) : [{ command: block.text, output: '' }],
  );
  return steps.filter(({ command }) => !DONE_BEFORE.test(command));
}

/** Splits the output of the script at the marks that it prints before each step. */
const MARK = '\u001E';

/** Runs all steps in one shell, as a reader types them, and returns what each prints. */
async function outputsOf(
  commands: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const mark = `mark() { local code=$?; printf '${MARK}'; return $code; }`;
  const script = [mark, 'exec 2>&1', ...commands.flatMap((command) => ['mark', command])].join('\n');
  const shell = spawn('bash', ['-c', script], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  return (await text(shell.stdout)).split(MARK).slice(1);
}

describe('docs/getting-started.md', () => {
  it('leads from an empty folder to a signed promotion, with the output that it shows', async (test) => {
    await ensureBuilt();
    const cosign = await orSkip(test, () => requireProgram('cosign'));
    const registries = await orSkip(test, () => startDistributions(2));
    for (const { stop } of registries) onTestFinished(stop);
    // A registry that the environment names keeps what earlier runs pushed: each run has repositories of its own.
    const own = `of-${process.pid}-${Date.now().toString(36)}`;
    const [staging = '', production = ''] = registries.map(({ address }) => address.replace('127.0.0.1', 'localhost'));
    const places = [
      ['localhost:5000/hello', `${staging}/${own}`],
      ['localhost:5001/prod', `${production}/${own}`],
      ['localhost:5001', production],
    ] as const;
    await pushImage(`http://${staging}`, `${own}/hello`, buildImage({ seed: 1, layers: [64] }), ['v1.0.0']);

    const home = await homeWith({});
    const [bin, cwd] = [join(home, 'bin'), join(home, 'work')];
    for (const folder of [bin, cwd]) await mkdir(folder);
    await symlink(KPROMO, join(bin, 'kpromo'));
    await symlink(cosign, join(bin, 'cosign'));
    const author = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@acme.example' };
    const committer = { GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@acme.example' };
    const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: home, ...author, ...committer };

    const steps = stepsOfPage();
    const here = (command: string): string =>
      places.reduce((all, [shown, real]) => all.replaceAll(shown, real), command);
    const outputs = await outputsOf(
      steps.map(({ command }) => here(command)),
      { cwd, env },
    );
    const onPage = (output: string): string =>
      places.reduce((all, [shown, real]) => all.replaceAll(real, shown), output);
    const shown = steps.map(({ command, output }) => [command, masked(output)]);
    const printed = steps.map(({ command }, index) => [command, masked(onPage(outputs[index] ?? ''))]);
    expect(printed).toEqual(shown);
    expect(steps.length).toBeGreaterThan(15);
  });
});
