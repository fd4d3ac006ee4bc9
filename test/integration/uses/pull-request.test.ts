import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cip, type CipRun } from '../../support/promotion/cip.ts';
import { writeTree, type ProjectSpec } from '../../support/promotion/tree.ts';
import type { RegistryOptions } from '../../support/registry/options.ts';
import { digestOf, LOST_DIGEST, startWorld, type World } from './world.ts';

const READER = { reader: 'secret-of-the-reader' };

/** Registries that give tokens, for reading only and to one user only. */
const READ_ONLY: RegistryOptions = {
  auth: { scheme: 'bearer', users: READER, allow: (user) => (user === 'reader' ? ['pull'] : []) },
};

describe('kpromo cip --dry-run, as a pull request is checked', () => {
  let home: string;

  beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'kpromo-pull-request-'))));
  afterEach(() => rmSync(home, { recursive: true }));

  const logIn = (world: World): void => {
    const auth = Buffer.from(`reader:${READER.reader}`).toString('base64');
    const auths = Object.fromEntries(world.all.map(({ host }) => [host, { auth }]));
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths }));
  };
  const check = async (projects: readonly ProjectSpec[], ...args: string[]): Promise<CipRun> => {
    await using tree = await writeTree(projects);
    const env = { JOB_TYPE: 'presubmit', DOCKER_CONFIG: home };
    // the check has no identity, the job after the merge has one
    const flags = ['--manifests', tree.path, '--dry-run', '--require-identity=false'];
    return await cip([...flags, ...args], { env });
  };

  it('sends only GET, HEAD and token requests, with a read-only login', async () => {
    await using world = await startWorld(READ_ONLY);
    logIn(world);
    const { code, stderr } = await check([world.project('one', { v1: digestOf(1), v2: digestOf(2) })]);
    expect(stderr).toContain('Summary: 2 of 2 images to promote (4 references); this was a dry run');
    expect(code).toBe(0);
    for (const { counters, unexpected } of world.all) {
      expect(counters.log.map(({ kind }) => kind)).toContain('token');
      expect(counters.log.filter(({ kind, method }) => kind !== 'token' && !/^(?:GET|HEAD)$/.test(method))).toEqual([]);
      expect(unexpected).toEqual([]);
    }
    expect(world.tagsOn('prod/app')).toEqual([{}, {}]);
    expect(stderr).not.toContain(READER.reader);
  });

  it('fails without a login, and does not take the refusal for an empty repository', async () => {
    await using world = await startWorld(READ_ONLY);
    const { code, stderr } = await check([world.project('one', { v1: digestOf(1) })]);
    expect(code).toBe(1);
    expect(stderr).toContain('UNAUTHORIZED');
    expect(stderr).toContain('Summary: 1 image in the manifests, 1 problem, nothing else to promote;');
  });

  it('needs no login where everybody may read', async () => {
    await using world = await startWorld({ auth: { scheme: 'bearer', allow: () => ['pull'] } });
    expect(await check([world.project('one', { v1: digestOf(1) })])).toMatchObject({ code: 0 });
  });

  it.each([
    ['0 when something is pending', { v1: digestOf(1) }, [], 0],
    ['2 when something is pending, with --detailed-exitcode', { v1: digestOf(1) }, ['--detailed-exitcode'], 2],
    ['0 when nothing is pending, with --detailed-exitcode', {}, ['--detailed-exitcode'], 0],
    ['1 when an entry is broken', { v1: digestOf(1), v9: LOST_DIGEST }, [], 1],
    ['1 when an entry is broken, with --detailed-exitcode', { v9: LOST_DIGEST }, ['--detailed-exitcode'], 1],
    ['1 on wrong usage, with --detailed-exitcode', { v1: digestOf(1) }, ['--detailed-exitcode', '--confirm'], 1],
  ] as const)('exits with %s', async (_, images, args, expected) => {
    await using world = await startWorld();
    const { code, stderr } = await check([world.project('one', images)], ...args);
    expect(code).toBe(expected);
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(last.includes('level=fatal')).toBe(expected === 1);
    expect(world.takeWrites()).toEqual([]);
  });

  it('fails on a registry that is not allowed, before anybody is asked', async () => {
    await using world = await startWorld();
    const { code, stderr } = await check([world.project('one', { v1: digestOf(1) })], '--allow-registry=*.pkg.dev');
    expect(code).toBe(1);
    expect(stderr).toContain('REGISTRY_NOT_ALLOWED');
    expect(world.all.map(({ counters }) => counters.counts().connections)).toEqual([0, 0, 0]);
  });
});
