import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/services.ts';
import { realClock } from '../../src/clock.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { attacher, type Attachment } from '../../src/registry/referrers.ts';
import { subjectQueue } from '../../src/registry/subject-queue.ts';
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

const REGISTRIES: readonly { readonly name: string; readonly start: () => Promise<RealRegistry> }[] = [
  { name: 'distribution 2.8', start: () => startDistribution() },
  { name: 'distribution 3', start: () => startDistribution3() },
  { name: 'a registry that keeps lists', start: () => startReferrersRegistry() },
];

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-referrers-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A real registry with one image, what we attach to it and list of it, and what the judge says. */
async function court(
  test: Skippable,
  judge: Judge,
  start: () => Promise<RealRegistry>,
): Promise<{
  readonly subject: Descriptor;
  attach(attachment: Attachment): Promise<void>;
  list(): Promise<readonly string[]>;
  show(): Promise<string>;
  judgeAttaches(): Promise<void>;
}> {
  const program = await orSkip(test, () => requireProgram(judge.name));
  const server = await orSkip(test, start);
  onTestFinished(() => server.stop());
  const home = await folder();
  const { registry, pause, close } = openRegistries({
    env: { HOME: home },
    clock: realClock(),
    narrate: () => undefined,
    random: Math.random,
  });
  onTestFinished(close);
  // A registry from the environment may outlive this test.
  const path = `${randomUUID()}/app`;
  const repository = `${server.address}/${path}`;
  const subject = await pushImage(`http://${server.address}`, path, buildImage({ seed: 701 }), ['v1']);
  const { attach } = attacher(registry, subjectQueue(pause));
  const call = { signal: new AbortController().signal };
  const ask = async (args: readonly string[]): Promise<string> =>
    (await run(program, args, { env: { PATH: process.env['PATH'], HOME: home } })).stdout;
  return {
    subject,
    attach: (attachment) => attach(repository, attachment, call),
    list: async () =>
      (await registry.listReferrers(repository, subject.digest, call)).map(({ digest }) => digest).toSorted(),
    show: () => ask(judge.show(`${repository}:v1`)),
    judgeAttaches: async () => {
      const file = join(home, 'theirs.txt');
      await writeFile(file, `theirs ${randomUUID()}`);
      await ask(judge.attach(`${repository}:v1`, file));
    },
  };
}

const digestOfManifest = ({ manifest }: Attachment): string => manifest.descriptor.digest;

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
