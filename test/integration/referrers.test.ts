import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { attacher, type Attachment } from '../../src/registry/attaching/attacher.ts';
import { subjectLock } from '../../src/registry/attaching/lock.ts';
import { onceForFile } from '../support/once.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import {
  startDistribution,
  startDistribution3,
  startReferrersRegistry,
  type RealRegistry,
} from '../support/real-registries.ts';
import { buildAttachment } from '../support/registry/attachments.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';

const run = promisify(execFile);

/** Somebody else's client: how it shows what refers to an image, and how it attaches a file. */
type Judge = {
  readonly name: string;
  readonly show: (reference: string) => readonly string[];
  readonly attach: (reference: string, file: string) => readonly string[];
};

const plain = (reference: string): readonly string[] => ['--host', `reg=${reference.split('/')[0]},tls=disabled`];

const JUDGES: readonly Judge[] = [
  {
    name: 'oras',
    show: (reference) => ['discover', '--plain-http', reference],
    attach: (reference, file) => [
      'attach',
      '--plain-http',
      '--disable-path-validation',
      '--artifact-type=application/vnd.example.theirs',
      reference,
      `${file}:text/plain`,
    ],
  },
  {
    name: 'regctl',
    show: (reference) => [...plain(reference), 'artifact', 'tree', reference],
    attach: (reference, file) => [
      ...plain(reference),
      'artifact',
      'put',
      '--artifact-type=application/vnd.example.theirs',
      `--subject=${reference}`,
      `--file=${file}`,
    ],
  },
];

/** One registry for all tests, which use names of their own. */
const shared = (start: () => Promise<RealRegistry>): (() => Promise<RealRegistry>) =>
  onceForFile(async (ends) => {
    const registry = await start();
    ends(() => registry.stop());
    return registry;
  });

/** `requests`: what the next attachment costs, and the first one of another process, which does not know that the empty config is there. */
const REGISTRIES: readonly {
  readonly name: string;
  readonly requests: readonly [number, number];
  readonly start: () => Promise<RealRegistry>;
}[] = [
  { name: 'distribution 2.8', requests: [6, 7], start: shared(() => startDistribution()) },
  { name: 'distribution 3', requests: [6, 7], start: shared(() => startDistribution3()) },
  // It does not mount: the empty config is sent again.
  { name: 'a registry that keeps lists', requests: [3, 5], start: shared(() => startReferrersRegistry()) },
];

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-referrers-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

type World = {
  readonly repository: string;
  readonly home: string;
  readonly subject: Descriptor;
  attach(attachment: Attachment): Promise<void>;
  attachAsAnother(attachment: Attachment): Promise<void>;
  list(): Promise<readonly string[]>;
  /** How many requests were sent for attaching since it was last asked. */
  requests(): number;
};

/** A real registry with one image, and what we attach to it and list of it. */
async function world(test: Skippable, start: () => Promise<RealRegistry>): Promise<World> {
  const server = await orSkip(test, start);
  const home = await folder();
  const { registry, pause, close } = openRegistries({
    env: { HOME: home },
    clock: realClock(),
    narrate: () => undefined,
    random: Math.random,
  });
  onTestFinished(close);
  // The registry outlives this test.
  const path = `${randomUUID()}/app`;
  const repository = `${server.address}/${path}`;
  const subject = await pushImage(`http://${server.address}`, path, buildImage({ seed: 701 }), ['v1']);
  const { attach } = attacher(registry, subjectLock(pause));
  const another = attacher(registry, subjectLock(pause));
  const call = { signal: new AbortController().signal, meter: { requests: 0, bytes: 0 } };
  return {
    repository,
    home,
    subject,
    attach: (attachment) => attach(repository, attachment, call),
    attachAsAnother: (attachment) => another.attach(repository, attachment, call),
    list: async () =>
      (await registry.listReferrers(repository, subject.digest, { signal: call.signal }))
        .map(({ digest }) => digest)
        .toSorted(),
    requests: () => {
      const { requests } = call.meter;
      call.meter.requests = 0;
      return requests;
    },
  };
}

/** A world with a judge. */
async function court(
  test: Skippable,
  judge: Judge,
  start: () => Promise<RealRegistry>,
): Promise<World & { show(): Promise<string>; judgeAttaches(): Promise<void> }> {
  const program = await orSkip(test, () => requireProgram(judge.name));
  const opened = await world(test, start);
  const { repository, home } = opened;
  const ask = async (args: readonly string[]): Promise<string> =>
    (await run(program, args, { env: { PATH: process.env['PATH'], HOME: home } })).stdout;
  return {
    ...opened,
    show: () => ask(judge.show(`${repository}:v1`)),
    judgeAttaches: async () => {
      const file = join(home, 'theirs.txt');
      await writeFile(file, `theirs ${randomUUID()}`);
      await ask(judge.attach(`${repository}:v1`, file));
    },
  };
}

const digestOfManifest = ({ manifest }: Attachment): string => manifest.descriptor.digest;

describe('attaching to real registries', () => {
  it.for(REGISTRIES)('costs few requests on $name', async ({ start, requests: [next, another] }, test) => {
    const { subject, attach, attachAsAnother, requests } = await world(test, start);
    await attach(buildAttachment({ seed: 705, subject }));
    requests();
    await attach(buildAttachment({ seed: 706, subject }));
    expect(requests()).toBe(next);
    await attachAsAnother(buildAttachment({ seed: 707, subject }));
    expect(requests()).toBe(another);
  });
});

for (const { name, start } of REGISTRIES) {
  describe.for(JUDGES)(`$name and what is attached on ${name}`, (judge) => {
    it('sees all that we attach', async (test) => {
      const { subject, attach, show, list } = await court(test, judge, start);
      const attachments = [702, 703].map((seed) => buildAttachment({ seed, subject }));
      await Promise.all(attachments.map(attach));
      const shown = await show();
      for (const attachment of attachments) expect(shown).toContain(digestOfManifest(attachment));
      expect(await list()).toEqual(attachments.map(digestOfManifest).toSorted());
    });

    it('keeps ours and we keep its, whoever attaches first', async (test) => {
      const { subject, attach, show, list, judgeAttaches } = await court(test, judge, start);
      await judgeAttaches();
      const theirs = await list();
      expect(theirs).toHaveLength(1);
      const attachment = buildAttachment({ seed: 704, subject });
      await attach(attachment);
      await judgeAttaches();
      const all = await list();
      expect(all).toHaveLength(3);
      expect(all).toEqual(expect.arrayContaining([...theirs, digestOfManifest(attachment)]));
      const shown = await show();
      for (const digest of all) expect(shown).toContain(digest);
    });
  });
}
