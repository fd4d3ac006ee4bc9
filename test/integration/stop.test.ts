import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, startCli, type Ended, type RunningCli } from '../support/built-cli.ts';
import { dockerLogins } from '../support/docker-config.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import type { RequestKind } from '../support/registry/route.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

const MIB = 1024 * 1024;

/** One small image, and one whose layer is streamed. */
const IMAGES = [
  ['small', buildImage({ seed: 1, layers: [2_000] })],
  ['large', buildImage({ seed: 2, layers: [5 * MIB] })],
] as const;

type Names = readonly (typeof IMAGES)[number][0][];

/** A promotion by the built program, to a mirror that works and to one that will not answer. */
type Promoting = AsyncDisposable & {
  readonly good: TestRegistry;
  readonly bad: TestRegistry;
  readonly cli: RunningCli;
};

type Misfortune = { readonly kinds: Readonly<Partial<Record<RequestKind, Fault>>>; readonly names: Names };

async function promote({ kinds, names }: Misfortune, options: RegistryOptions = {}): Promise<Promoting> {
  const [staging, good, bad] = await startRegistries(3, options);
  if (staging === undefined || good === undefined || bad === undefined) throw new Error('three were asked for');
  for (const [name, image] of IMAGES) storeImage(staging.store, `staging/${name}`, image);
  bad.inject(({ kind }) => kinds[kind]);
  const all = [staging, good, bad];
  const logins = await dockerLogins(all.map(({ host }) => ({ host, user: 'robot', password: 'secret' })));
  const tree = await writeTree([
    {
      name: 'p',
      from: `${staging.host}/staging`,
      to: [`${good.host}/prod`, `${bad.host}/prod`],
      entries: IMAGES.filter(([name]) => names.includes(name)).map(
        ([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const,
      ),
    },
  ]);
  const cli = startCli(['cip', '--thin-manifest-dir', '.', '--confirm', '--sign=false'], {
    cwd: tree.path,
    env: { DOCKER_CONFIG: logins.path },
  });
  return {
    good,
    bad,
    cli,
    [Symbol.asyncDispose]: async () => {
      cli.process.kill('SIGKILL');
      await cli.ended;
      await Promise.all(all.map((registry) => registry.close()));
      await Promise.all([tree[Symbol.asyncDispose](), logins[Symbol.asyncDispose]()]);
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(5);
}

const has = (registry: TestRegistry, kind: RequestKind): boolean =>
  registry.counters.log.some((entry) => entry.kind === kind);

/** True once the registry has been asked for each tag that it got, which is the last request of a copy. */
const isReadBack = ({ counters }: TestRegistry, names: Names): boolean =>
  names.every((name) =>
    counters.log.some(
      ({ kind, path, status }) => kind === 'headManifest' && path === `/v2/prod/${name}/manifests/v1` && status === 200,
    ),
  );

/** For an answer that was sent to be heard. */
const A_MOMENT = 100;

/** Sends the signal, and tells how the program ended. A registry that is silent would keep one that waits for minutes. */
function stop({ cli }: Promoting, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): Promise<Ended> {
  cli.process.kill(signal);
  return cli.ended;
}

describe('stopping a promotion', () => {
  beforeAll(ensureBuilt);

  it('ends where a registry is silent about a listing, with what is done', async () => {
    await using run = await promote({ kinds: { list: 'silent' }, names: ['small'] });
    await until(() => has(run.bad, 'list'));
    const { code, stderr } = await stop(run, 'SIGTERM');
    expect(code, stderr).toBe(143);
    expect(stderr).toContain('stopped early: stopped by SIGTERM');
  });

  it('ends where a token server is silent', async () => {
    const auth = { scheme: 'bearer', users: { robot: 'secret' } } as const;
    await using run = await promote({ kinds: { token: 'silent' }, names: ['small'] }, { auth });
    await until(() => has(run.bad, 'token'));
    const { code, stderr } = await stop(run, 'SIGINT');
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('stopped early: stopped by SIGINT');
  });

  const uploads: readonly (readonly [string, Fault, Names])[] = [
    ['takes a streamed upload too slowly', { bytesPerSecond: 64 * 1024 }, ['large']],
    ['is silent about uploads from memory and streamed ones', 'silent', ['small', 'large']],
  ];
  it.each(uploads)('deletes the open uploads where a registry %s, and tells what is done', async (_, put, names) => {
    await using run = await promote({ kinds: { put }, names });
    await until(() => isReadBack(run.good, names) && has(run.bad, 'put'));
    await setTimeout(A_MOMENT);
    expect(run.bad.openUploads()).toBeGreaterThan(0);
    const { code, stderr } = await stop(run, 'SIGTERM');
    expect(code, stderr).toBe(143);
    expect(run.bad.openUploads()).toBe(0);
    expect(stderr).toContain('stopped early: stopped by SIGTERM');
    for (const name of names) expect(stderr).toMatch(new RegExp(`^ +copied +${name} +v1 +to 1 of 2 mirrors`, 'm'));
    expect(stderr).not.toContain('level=fatal');
  });

  const signals = [
    ['SIGINT', 130, 'press Ctrl-C again to end immediately'],
    ['SIGHUP', 129, 'send a second signal to end immediately'],
  ] as const;
  it.each(signals)('answers %s at once, and makes one problem of all that is not done', async (signal, exit, again) => {
    await using run = await promote({ kinds: { put: 'silent' }, names: ['small', 'large'] });
    await until(() => isReadBack(run.good, ['small', 'large']) && has(run.bad, 'put'));
    const { code, stderr } = await stop(run, signal);
    expect(code, stderr).toBe(exit);
    expect(stderr).toContain(`stopping: stopped by ${signal}; ${again}`);
    expect(stderr).toMatch(/^1 problem:$/m);
    expect(stderr).toContain(`stopped by ${signal}: 2 images not done`);
    expect(stderr).not.toContain('level=error');
  });

  it('deletes an upload that a registry opens after the stop', async () => {
    await using run = await promote({ kinds: { postUpload: { delayMs: 1_000 } }, names: ['small'] });
    await until(() => has(run.bad, 'postUpload'));
    const { code, stderr } = await stop(run, 'SIGTERM');
    expect(code, stderr).toBe(143);
    expect(has(run.bad, 'deleteUpload')).toBe(true);
    expect(run.bad.openUploads()).toBe(0);
  });

  it('ends also where a registry will not hear that an upload is given up', async () => {
    await using run = await promote({ kinds: { put: 'silent', deleteUpload: 'silent' }, names: ['small'] });
    await until(() => has(run.bad, 'put'));
    const { code, stderr } = await stop(run, 'SIGINT');
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('\nSummary: ');
  });

  it('ends at once when a second signal comes while it tidies up', async () => {
    await using run = await promote({ kinds: { put: 'silent', deleteUpload: 'silent' }, names: ['small'] });
    await until(() => has(run.bad, 'put'));
    run.cli.process.kill('SIGTERM');
    await until(() => has(run.bad, 'deleteUpload'));
    const { code, stderr } = await stop(run, 'SIGINT');
    expect(code).toBe(130);
    expect(stderr).not.toContain('\nSummary: ');
  });
});
