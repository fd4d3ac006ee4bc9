import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, startCli, type RunningCli } from '../../support/built-cli.ts';
import { writeTree, type WrittenTree } from '../../support/promotion/tree.ts';
import { digestOf, startWorld, type World } from './world.ts';

/** Registries that take requests and never answer, so that a run would last until its timeouts. */
async function startSilentWorld(): Promise<World> {
  return startWorld({ fault: () => 'silent' });
}

/** What is written is never reported as written, so that the program cannot end by itself. */
const STUCK_TERMINAL = `data:text/javascript,${encodeURIComponent(`
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text) => write(text);
  setInterval(() => {}, 60_000);
`)}`;

/** Starts a promotion and waits until it waits for a registry. */
async function startWaiting(
  world: World,
  tree: WrittenTree,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningCli> {
  const cli = startCli(['cip', '--manifests', '.', '--confirm', '--sign=false'], { cwd: tree.path, env });
  await cli.printed('Reading 2 registries');
  while (world.mirrors.some(({ counters }) => counters.log.length === 0)) await setTimeout(10);
  return cli;
}

describe('a signal during kpromo cip', () => {
  beforeAll(ensureBuilt);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends the run after its summary: %s is exit code %i', async (signal, expected) => {
    await using world = await startSilentWorld();
    await using tree = await writeTree([world.project('one', { v1: digestOf(1) })]);
    const cli = await startWaiting(world, tree);
    cli.process.kill(signal);
    const { code, stderr } = await cli.ended;
    expect(code).toBe(expected);
    expect(stderr).toContain('\nSummary: ');
    expect(stderr).toContain(`stopped early: stopped by ${signal}`);
    expect(stderr).not.toContain('level=fatal');
  });

  it('ends at once when a second one comes', async () => {
    await using world = await startSilentWorld();
    await using tree = await writeTree([world.project('one', { v1: digestOf(1) })]);
    const cli = await startWaiting(world, tree, { NODE_OPTIONS: `--import=${STUCK_TERMINAL}` });
    const child = cli.process;
    child.kill('SIGINT');
    await cli.printed('Summary: ');
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    expect((await cli.ended).code).toBe(143);
  });
});
