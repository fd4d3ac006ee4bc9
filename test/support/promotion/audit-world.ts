import { onTestFinished } from 'vitest';
import { createRepository, type TestRepository } from '../git.ts';
import type { RegistryStore } from '../memory-registry/store.ts';
import { buildImage, buildMultiPlatform, pushImage, storeImage, type BuiltImage } from '../registry/images.ts';
import { startSigstore } from '../sigstore/local.ts';
import { cip, kpromo, type CipRun } from './cip.ts';

/** A manifest as it is stored. */
type Stored = { readonly type: string; readonly bytes: Uint8Array; readonly digest: string };

/** Promoted and signed images on two mirrors, in the clone of a tree, and the hands that change production. */
export type AuditWorld = {
  readonly tree: TestRepository;
  readonly mirrors: readonly [string, string];
  /** Audits the tree as it is on the disk. */
  audit(...args: readonly string[]): Promise<CipRun>;
  /** The codes of the differences, each with its image and tags, sorted. */
  codes(...args: readonly string[]): Promise<readonly string[]>;
  readonly production: Production;
};

/** Reads and changes a registry as anybody may who has its credentials. */
export type Production = {
  read(host: string, repository: string, reference: string): Promise<Stored | undefined>;
  tag(host: string, repository: string, reference: string, stored: Stored): Promise<void>;
  /** Removes a manifest with its tags, which some registries keep unless they are removed by name. */
  remove(host: string, repository: string, digest: string, ...tags: readonly string[]): Promise<void>;
  push(host: string, repository: string, image: BuiltImage, tags?: readonly string[]): Promise<void>;
  /** Takes the referrer with this predicate type from a digest, by the API or out of the fallback tag. */
  detach(host: string, repository: string, subject: string, predicateType: string): Promise<void>;
};

const platforms = ['linux/amd64', 'linux/arm64'];

/** One image for each difference that tests make, and one that was never promoted. */
export const IMAGES = {
  gone: buildImage({ seed: 801 }),
  part: buildImage({ seed: 802 }),
  index: buildMultiPlatform({ seed: 803 }, platforms),
  moved: buildImage({ seed: 804 }),
  'sub/lib': buildImage({ seed: 805 }),
  unsigned: buildImage({ seed: 806 }),
  unrecorded: buildMultiPlatform({ seed: 807 }, platforms),
  old: buildImage({ seed: 808 }),
} as const;

export const digestOf = ({ manifest }: BuiltImage): string => manifest.descriptor.digest;

/** The entries of the tree: image names and tags. */
export const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  gone: ['v1', 'v1.0'],
  part: ['v1'],
  index: ['v2'],
  moved: ['v1', 'v2'],
  'sub/lib': ['v3'],
  unsigned: ['v1'],
  unrecorded: ['v1'],
};
const IMAGE_OF: Readonly<Record<string, BuiltImage>> = IMAGES;

/** The images file of these images with their tags. */
export function imagesText(entries: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(entries)
    .map(([name, tags]) => {
      const digest = digestOf(IMAGE_OF[name] ?? IMAGES.old);
      return `- name: ${name}\n  dmap:\n    "${digest}": ${JSON.stringify(tags)}\n`;
    })
    .join('');
}

type AuditWorldOptions = {
  /** The stores of the mirrors: the images are put there, unsigned, instead of promoted. */
  readonly stores?: readonly RegistryStore[];
  /** `name/` where registries are shared. */
  readonly root?: string;
  /** What the tree has; `ENTRIES` unless given. */
  readonly entries?: Readonly<Record<string, readonly string[]>>;
};

/** Promotes and signs to `prod` of two mirrors; `old` was in the tree, and left it before it was promoted. */
export async function auditWorld(
  staging: string,
  mirrors: readonly [string, string],
  { stores, root = '', entries = ENTRIES }: AuditWorldOptions = {},
): Promise<AuditWorld> {
  const production = productionOf(root);
  const isSigned = stores === undefined;
  const tree = await createRepository();
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const registries = [
    `- {name: ${staging}/${root}staging, src: true}`,
    ...mirrors.map((host) => `- {name: ${host}/${root}prod}`),
  ];
  await tree.commit({
    'tree/manifests/one/promoter-manifest.yaml': `registries:\n${registries.join('\n')}\n`,
    'tree/images/one/images.yaml': imagesText({ ...entries, old: ['v0'] }),
  });
  await tree.commit({ 'tree/images/one/images.yaml': imagesText(entries) });
  const path = `${tree.path}/tree`;
  for (const store of stores ?? [])
    for (const [name, tags] of Object.entries(entries))
      storeImage(store, `prod/${name}`, IMAGE_OF[name] ?? IMAGES.old, tags);
  if (isSigned) {
    for (const name of Object.keys(entries))
      await production.push(staging, `staging/${name}`, IMAGE_OF[name] ?? IMAGES.old);
    const { flags, env } = await signing();
    const { code, stderr } = await cip(['--manifests', path, '--confirm', ...flags], { env });
    if (code !== 0) throw new Error(stderr);
  }
  const audit: AuditWorld['audit'] = (...args) =>
    kpromo(['audit', '--manifests', path, ...(isSigned ? [] : ['--sign=false']), ...args], { env: GIT });
  return {
    tree,
    mirrors,
    production,
    audit,
    codes: async (...args) => {
      const { stdout, stderr: told } = await audit('--output=json', ...args);
      if (stdout === '') throw new Error(told);
      const { findings } = JSON.parse(stdout) as {
        findings: readonly { code: string; reference: string; tags: readonly string[] }[];
      };
      return findings
        .map(({ code: one, reference, tags }) =>
          [one, reference.slice(reference.indexOf('/') + 1 + root.length), ...tags].join(' '),
        )
        .toSorted();
    },
  };
}

/** The program finds git. */
const GIT = { PATH: process.env['PATH'] ?? '' };

async function signing(): Promise<{ readonly flags: readonly string[]; readonly env: Record<string, string> }> {
  const sigstore = await startSigstore();
  onTestFinished(() => sigstore.stop());
  return {
    flags: [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`],
    env: { ...GIT, SIGSTORE_ID_TOKEN: sigstore.token() },
  };
}

const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

function productionOf(root: string): Production {
  const urlOf = (host: string, repository: string, reference: string): string =>
    `http://${host}/v2/${root}${repository}/manifests/${reference}`;
  const expectOk = async (answer: Response): Promise<void> => {
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  };
  const tag: Production['tag'] = async (host, repository, reference, { type, bytes }) =>
    expectOk(
      await fetch(urlOf(host, repository, reference), {
        method: 'PUT',
        headers: { 'content-type': type },
        body: Buffer.from(bytes),
      }),
    );
  return {
    tag,
    read: async (host, repository, reference) => {
      const answer = await fetch(urlOf(host, repository, reference), { headers: { accept: ACCEPT } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (answer.status === 404) return undefined;
      const { headers } = answer;
      return { type: headers.get('content-type') ?? '', bytes, digest: headers.get('docker-content-digest') ?? '' };
    },
    remove: async (host, repository, digest, ...tags) => {
      await expectOk(await fetch(urlOf(host, repository, digest), { method: 'DELETE' }));
      for (const name of tags) await (await fetch(urlOf(host, repository, name), { method: 'DELETE' })).arrayBuffer();
    },
    push: async (host, repository, image, tags = []) =>
      void (await pushImage(`http://${host}`, `${root}${repository}`, image, tags)),
    detach: (...what) => detach(tag, root, ...what),
  };
}

type Index = {
  readonly manifests: readonly { readonly digest: string; readonly annotations: Record<string, string> }[];
};

async function detach(
  tag: Production['tag'],
  root: string,
  host: string,
  repository: string,
  subject: string,
  predicateType: string,
): Promise<void> {
  const isIt = ({ annotations }: Index['manifests'][number]): boolean =>
    annotations['dev.sigstore.bundle.predicateType'] === predicateType;
  const url = `http://${host}/v2/${root}${repository}`;
  const listed = await fetch(`${url}/referrers/${subject}`);
  if (listed.ok) {
    const found = ((await listed.json()) as Index).manifests.find(isIt);
    const answer = await fetch(`${url}/manifests/${found?.digest}`, { method: 'DELETE' });
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
    return;
  }
  const fallback = subject.replace(':', '-');
  const type = 'application/vnd.oci.image.index.v1+json';
  const there = await fetch(`${url}/manifests/${fallback}`, { headers: { accept: type } });
  const index = (await there.json()) as Index;
  const left = index.manifests.filter((one) => !isIt(one));
  if (left.length === index.manifests.length) throw new Error(`${fallback} has no such referrer`);
  await tag(host, repository, fallback, {
    type,
    bytes: Buffer.from(JSON.stringify({ ...index, manifests: left })),
    digest: '',
  });
}
