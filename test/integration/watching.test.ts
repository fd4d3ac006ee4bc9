import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cip, kpromo } from '../support/promotion/cip.ts';
import { writeTree, type WrittenTree } from '../support/promotion/tree.ts';
import { numbersOf } from '../support/prometheus.ts';
import { main } from '../../src/cli/main.ts';
import { EventLine } from '../../src/watch/event-schema.ts';
import { digestOf, LOST_DIGEST, startWorld, type World } from './uses/world.ts';
import { patientClock } from '../support/patient-clock.ts';

const CONFIRM = ['--confirm', '--sign=false'];

const STORY = [
  'run-started',
  'phase-started setup',
  'phase-ended setup',
  'phase-started plan',
  'image-planned',
  'image-planned',
  'failed plan',
  'phase-ended plan',
  'phase-started provenance',
  'phase-ended provenance',
  'phase-started validate',
  'phase-ended validate',
  'phase-started promote',
  'image-promoted',
  'image-promoted',
  'phase-ended promote',
  'run-ended',
  'exit',
];

const eventsIn = (text: string): EventLine[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => EventLine.parse(JSON.parse(line)));

describe('watching a run', () => {
  let world: World;
  let tree: WrittenTree;
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeEach(async () => {
    world = await startWorld();
    tree = await writeTree([world.project('one', { v1: digestOf(1), v2: digestOf(2), v9: LOST_DIGEST })]);
    folder = await mkdtemp(join(tmpdir(), 'kpromo-watching-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    await tree[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it('tells in events what happened, from the start to the exit code', async () => {
    const { code } = await cip(['--manifests', tree.path, ...CONFIRM, `--events=${at('events')}`]);
    expect(code).toBe(1);
    const events = eventsIn(await readFile(at('events'), 'utf8'));
    const story = events.filter(({ type }) => type !== 'log');
    expect(story.map((event) => ('phase' in event ? `${event.type} ${event.phase}` : event.type))).toEqual(STORY);
    expect(story.find(({ type }) => type === 'failed')).toMatchObject({
      code: 'LOST',
      file: expect.stringMatching(/images\.yaml$/),
      digest: LOST_DIGEST,
    });
    expect(story.find(({ type }) => type === 'image-promoted')).toMatchObject({
      image: 'app',
      repositories: world.mirrors.map(({ host }) => `${host}/prod/app`),
      failed: 0,
    });
    expect(story.at(-1)).toMatchObject({ type: 'exit', code: 1 });
    expect(events.filter((event) => event.type === 'log' && event.level === 'fatal')).toHaveLength(1);
  });

  it('gives stdout to events alone', async () => {
    const { code, stdout, stderr } = await cip(['--manifests', tree.path, '--events=-', '--log-level=error']);
    expect(code).toBe(1);
    expect(eventsIn(stdout).at(-1)).toMatchObject({ type: 'exit', code: 1 });
    expect(stderr).toContain(digestOf(1).slice(0, 12));
  });

  it('ends events with the exit code of a run that could not begin', async () => {
    const { code } = await cip(['--manifests', tree.path, '--registry-config=/nonexistent', '--events', at('events')]);
    const events = eventsIn(await readFile(at('events'), 'utf8'));
    expect(code).toBe(1);
    expect(events.slice(-2)).toMatchObject([
      { type: 'log', level: 'fatal' },
      { type: 'exit', code: 1 },
    ]);
  });

  it('writes metrics that Prometheus can read, and nothing beside them', async () => {
    await cip(['--manifests', tree.path, ...CONFIRM, `--metrics-file=${at('kpromo.prom')}`]);
    expect(await readdir(folder)).toEqual(['kpromo.prom']);
    const numbers = numbersOf(await readFile(at('kpromo.prom'), 'utf8'));
    const [mirror] = world.mirrors;
    expect(numbers).toMatchObject({
      'kpromo_images_total{state="planned"}': 2,
      'kpromo_images_total{state="promoted"}': 2,
      'kpromo_images_total{state="failed"}': 1,
      'kpromo_failures_total{phase="plan",code="LOST"}': 1,
      kpromo_exit_code: 1,
      [`kpromo_requests_total{registry="${mirror?.host}",class="write",status="201"}`]: 2,
      [`kpromo_rate_limit{registry="${mirror?.host}"}`]: expect.any(Number),
    });
    expect(numbers[`kpromo_body_bytes_total{registry="${mirror?.host}"}`]).toBeGreaterThan(0);
  });

  it('serves metrics while it runs, and lets go of the port', async () => {
    const told = Promise.withResolvers<string>();
    let text = '';
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        text += chunk.toString();
        const [, found] = /Metrics at (http:[^\s"]+)/.exec(text) ?? [];
        if (found !== undefined) told.resolve(found);
        done();
      },
    });
    const numbers = Promise.withResolvers<unknown>();
    world.staging.inject(async ({ nth, kind }) => {
      if (kind !== 'getBlob' || nth !== 1) return undefined;
      const answered = await fetch(await told.promise);
      numbers.resolve(numbersOf(await answered.text()));
      return undefined;
    });
    const args = ['cip', '--manifests', tree.path, ...CONFIRM, '--metrics-listen=0'];
    const { signal } = new AbortController();
    await main(args, { env: {}, stdout: stderr, stderr, clock: patientClock(10), signal });
    const url = await told.promise;
    expect(await numbers.promise).toMatchObject({
      kpromo_exit_code: -1,
      'kpromo_phase_items{state="total",unit="images"}': 2,
    });
    expect(new URL(url).hostname).toBe('127.0.0.1');
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it.each([
    ['--events', 'no/such/folder/events'],
    ['--metrics-file', 'no/such/folder/metrics'],
    ['--metrics-listen', '203.0.113.1:1'],
  ])('refuses %s %s before anything runs', async (flag, value) => {
    const path = value.startsWith('no/') ? at(value) : value;
    const { code, stderr } = await cip(['--manifests', tree.path, ...CONFIRM, flag, path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`level=fatal msg="${flag} `));
    expect(world.takeWrites()).toEqual([]);
  });

  it('does not wait for a reader that never reads', async () => {
    expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0);
    const reader = openSync(at('pipe'), constants.O_RDWR | constants.O_NONBLOCK);
    expect(() => {
      for (;;) writeSync(reader, Buffer.alloc(4096));
    }).toThrow('EAGAIN');
    const { code, log } = await kpromo(['cip', '--manifests', tree.path, ...CONFIRM, '--events', at('pipe')]);
    expect(code).toBe(1);
    expect(log.filter((line) => line.includes('info Copied '))).toHaveLength(2);
    closeSync(reader);
  });

  it('says every half minute how far it is where nobody sees a display', async () => {
    const refusal = { status: 429, headers: { 'retry-after': '40' } };
    world.staging.inject(async ({ kind }) => {
      if (kind !== 'getBlob') return undefined;
      return (await readFile(at('events'), 'utf8')).includes('Still in promote') ? undefined : refusal;
    });
    const args = ['--manifests', tree.path, ...CONFIRM, '--events', at('events')];
    const { log } = await cip(args, { speed: 100 });
    const said = log.filter((line) => line.startsWith('info Still '));
    expect(said[0]).toMatch(/^info Still in promote \(5\/5\) after [\dms]+: 0\/2 images, /);
    expect(said[0]).toMatch(new RegExp(`${world.staging.host} paused until \\d\\d:\\d\\d:\\d\\d UTC`));
    const events = eventsIn(await readFile(at('events'), 'utf8'));
    expect(events.find(({ type }) => type === 'registry-paused')).toMatchObject({
      registry: `http://${world.staging.host}`,
    });
  });

  it('says nothing of the kind with --progress=off', async () => {
    world.staging.inject(({ nth, kind }) =>
      kind === 'getBlob' && nth === 1 ? { status: 429, headers: { 'retry-after': '40' } } : undefined,
    );
    const args = ['--manifests', tree.path, ...CONFIRM, '--events', at('events'), '--progress=off'];
    const { log } = await cip(args, { speed: 100 });
    expect(log.filter((line) => line.startsWith('info Still '))).toEqual([]);
    const paused = eventsIn(await readFile(at('events'), 'utf8')).filter(({ type }) => type === 'registry-paused');
    expect(paused).toHaveLength(1);
  });

  it('logs at info a line an image, at debug one a mirror, at trace one a request', async () => {
    const { log } = await cip(['--manifests', tree.path, ...CONFIRM, '--log-level=trace']);
    const count = (pattern: RegExp): number => log.filter((line) => pattern.test(line)).length;
    expect(count(/^info .*\/app:v1/)).toBe(1);
    expect(count(/^debug Copied \S+\/app:v1 in /)).toBe(world.mirrors.length);
    const requests = world.all.reduce((sum, { counters }) => sum + counters.log.length, 0);
    expect(count(/^trace (?:GET|HEAD|POST|PUT|PATCH) http:/)).toBe(requests);
    expect(count(/^trace /)).toBe(requests);
  });

  it('fails a run whose events could not be written, after it has promoted', async () => {
    await using good = await writeTree([world.project('one', { v1: digestOf(1) })]);
    const args = ['--manifests', good.path, ...CONFIRM];
    const { code, log } = await cip([...args, '--events=/dev/full']);
    expect(code).toBe(1);
    expect(log.filter((line) => line.startsWith('info Copied '))).toHaveLength(1);
    expect(log.at(-1)).toMatch(/^fatal writing the events to \/dev\/full failed: ENOSPC/);
    expect((await cip(args)).code).toBe(0);
  });

  it('is told of a snapshot, too', async () => {
    const { code } = await cip(['--snapshot', `${world.staging.host}/staging`, '--events', at('events')]);
    expect(code).toBe(0);
    const types = eventsIn(await readFile(at('events'), 'utf8')).map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual(['log', 'exit']);
  });
});
