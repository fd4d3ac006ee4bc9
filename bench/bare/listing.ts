import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import { CONCURRENCY } from '../../src/http/stack.ts';

// node listing.ts WANTED: reads the list of each wanted repository on each host and compares it. The least that a program has
// to do to find what is missing: no limit of rates, no timeouts, no retries, no credentials, no check of what it reads.

/** What the file WANTED holds: the same repositories are wanted on every host. */
export type WantedFile = {
  readonly hosts: readonly string[];
  readonly repositories: readonly {
    readonly name: string;
    readonly images: readonly { readonly digest: string; readonly tags: readonly string[] }[];
  }[];
};

type Listed = { readonly manifest: Readonly<Record<string, { readonly tag: readonly string[] } | undefined>> };

const wanted = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as WantedFile;
let [lists, missing] = [0, 0];

async function readHost(host: string): Promise<void> {
  const pool = new Pool(`http://${host}`, { connections: CONCURRENCY });
  const rest = wanted.repositories.values();
  const work = async (): Promise<void> => {
    for (const { name, images } of rest) {
      const { body } = await pool.request({ method: 'GET', path: `/v2/${name}/tags/list` });
      const { manifest } = JSON.parse(await body.text()) as Listed;
      const tags = new Map(
        Object.entries(manifest).flatMap(([digest, held]) => (held?.tag ?? []).map((tag) => [tag, digest])),
      );
      for (const { digest, tags: those } of images) {
        const isThere =
          those.length === 0 ? manifest[digest] !== undefined : those.every((tag) => tags.get(tag) === digest);
        if (!isThere) missing += 1;
      }
      lists += 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await pool.destroy();
}

await Promise.all(wanted.hosts.map(readHost));
process.stdout.write(`${JSON.stringify({ lists, missing })}\n`);
