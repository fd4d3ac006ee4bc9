import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, round, type Measured } from '../measure.ts';

export type CurlCopy = {
  /** The repository at the source, as `http://host/v2/name`, and its blobs. */
  readonly source: string;
  readonly digests: readonly string[];
  /** The size of each blob in bytes. */
  readonly size: number;
  /** Repositories to copy to, in the same form. */
  readonly targets: readonly string[];
};

/**
 * Copies blobs with curl, all at once as the program does: each is downloaded once, and the bytes are piped into one upload
 * for each target. Nothing checks the bytes.
 */
export async function curlCopies({ source, digests, size, targets }: CurlCopy): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bench-curl-'));
  try {
    const uploads = await Promise.all(
      digests.map(async (digest) => Promise.all(targets.map((to) => openUpload(to, digest)))),
    );
    const lines = digests.flatMap((digest, index) =>
      pipeline(`${source}/blobs/${digest}`, uploads[index] ?? [], size, folder, index),
    );
    const script = join(folder, 'copy.sh');
    // `times` prints two lines: what the shell used, and what its children used.
    await writeFile(script, `${lines.join('\n')}\nwait\ntimes >${folder}/times\n`);
    const measured = await measure({ program: '/bin/sh', args: ['-e', script] });
    const [, children = ''] = (await readFile(join(folder, 'times'), 'utf8')).split('\n');
    return { ...measured, cpuSeconds: round(children.split(' ').reduce((sum, time) => sum + secondsIn(time), 0)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const HEADERS = ['Content-Type: application/octet-stream', 'Expect:', 'Transfer-Encoding:'];

/** Returns the lines of a shell script that reads a blob once and sends it to all uploads. */
function pipeline(
  from: string,
  uploads: readonly string[],
  size: number,
  folder: string,
  index: number,
): readonly string[] {
  const put = (input: string, to: string): string =>
    // With its length, as ours: curl would send what it reads from a pipe in chunks.
    `curl -sS --fail -o /dev/null ${HEADERS.map((header) => `-H '${header}'`).join(' ')} -H 'Content-Length: ${size}' -X PUT -T ${input} '${to}'`;
  const [first = '', ...others] = uploads;
  const pipes = others.map((_, number) => `${folder}/pipe-${index}-${number}`);
  return [
    ...pipes.map((pipe) => `mkfifo ${pipe}`),
    ...others.map((to, number) => `cat ${pipes[number]} | ${put('-', to)} &`),
    `curl -sS --fail '${from}' | ${pipes.length === 0 ? '' : `tee ${pipes.join(' ')} | `}${put('-', first)} &`,
  ];
}

async function openUpload(target: string, digest: string): Promise<string> {
  const response = await fetch(`${target}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(response.headers.get('location') ?? '', target);
  location.searchParams.set('digest', digest);
  return location.href;
}

/** Returns the seconds in a time such as `0m1.250000s`. */
function secondsIn(text: string): number {
  const [, minutes = '0', seconds = '0'] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}
