import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built-cli.ts';
import { has, inProcess, promote, until, type Names, type Promoting } from '../support/promotion/stopping.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { TestRegistry } from '../support/registry/server.ts';

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
function stop(run: Promoting, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): Promoting['ended'] {
  run.send(signal);
  return run.ended;
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
    await using run = await promote({ kinds: { put: 'silent' }, names: ['small', 'large'] }, {}, inProcess);
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

  it('ends while a registry never opens an upload', async () => {
    await using run = await promote({ kinds: { postUpload: 'silent' }, names: ['small'] });
    await until(() => has(run.bad, 'postUpload'));
    const { code, stderr } = await stop(run, 'SIGTERM');
    expect(code, stderr).toBe(143);
  });

  it('ends also where a registry will not hear that an upload is given up', async () => {
    await using run = await promote({ kinds: { put: 'silent', deleteUpload: 'silent' }, names: ['small'] });
    await until(() => has(run.bad, 'put'));
    const { code, stderr } = await stop(run, 'SIGINT');
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('\nSummary: ');
  });

  it('ends at once when a second signal comes while it tidies up', async () => {
    const kinds = { put: 'silent', deleteUpload: 'silent' } as const;
    await using run = await promote({ kinds, names: ['small'] }, {}, inProcess);
    await until(() => has(run.bad, 'put'));
    run.send('SIGTERM');
    await until(() => has(run.bad, 'deleteUpload'));
    const { code, stderr } = await stop(run, 'SIGINT');
    expect(code).toBe(130);
    expect(stderr).not.toContain('\nSummary: ');
  });
});
