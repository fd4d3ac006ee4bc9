import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import { pullArtifact, pushArtifact } from '../../src/registry/artifact.ts';
import { homeWith } from '../support/home.ts';
import { orSkip, requireProgram } from '../support/programs.ts';
import { startDistribution, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';

const run = promisify(execFile);

const REGISTRIES: readonly (readonly [string, () => Promise<RealRegistry>])[] = [
  ['distribution 2.8', () => startDistribution()],
  ['a registry with the referrers API', () => startReferrersRegistry()],
];

describe('src/registry/artifact, judged by oras', () => {
  it.for(REGISTRIES)('is read by `oras pull` from %s, and reads what `oras push` wrote', async ([, start], test) => {
    const oras = await orSkip(test, () => requireProgram('oras'));
    const server = await orSkip(test, start);
    onTestFinished(() => server.stop());
    const home = await homeWith({ 'theirs.json': { theirs: true } });
    const { registry, close } = openRegistries({
      env: { HOME: home },
      clock: realClock(),
      narrate: () => undefined,
      random: Math.random,
    });
    onTestFinished(close);
    const ask = (...args: readonly string[]): Promise<unknown> =>
      run(oras, [...args], { cwd: home, env: { HOME: home, PATH: process.env['PATH'] } });
    // a registry from the environment may outlive this test
    const repository = `${server.address}/${randomUUID()}/reports`;
    const call = { signal: new AbortController().signal };

    const bytes = Buffer.from('{"ours":true}');
    const layers = [{ title: 'report.json', mediaType: 'application/json', bytes }];
    const artifactType = 'application/vnd.example.report';
    const digest = await pushArtifact(registry, { repository, tag: 'ours' }, { artifactType, layers }, call);
    await ask('pull', '--plain-http', '--output', 'pulled', `${repository}:ours`);
    await ask('pull', '--plain-http', '--output', 'again', `${repository}@${digest}`);
    for (const folder of ['pulled', 'again']) {
      expect(await readdir(join(home, folder))).toEqual(['report.json']);
      expect(await readFile(join(home, folder, 'report.json'))).toEqual(bytes);
    }

    await ask('push', '--plain-http', `${repository}:theirs`, 'theirs.json:application/json');
    const theirs = await pullArtifact(registry, repository, 'theirs', { maxBytes: 1000 }, call);
    expect(JSON.parse(Buffer.from(theirs?.files.get('theirs.json') ?? []).toString())).toEqual({ theirs: true });
  });
});
