import fc from 'fast-check';
import type { Fault, FaultHook } from '../registry/faults.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../registry/images.ts';
import { startRegistry, type TestRegistry } from '../registry/server.ts';
import { disagreements, type WantedImage } from './oracle.ts';
import { cipTold, type Told } from './told.ts';
import { writeTree } from './tree.ts';

/** The two minutes for which a registry is tried again are half a second. */
const HASTE = 240;

const IMAGES: readonly BuiltImage[] = [
  buildImage({ seed: 1 }),
  buildImage({ seed: 2, layers: [40_000, 10] }),
  buildMultiPlatform({ seed: 3 }, ['linux/amd64', 'linux/arm64']),
  buildImage({ seed: 5 }),
];
const OTHER = buildImage({ seed: 9 });

/** What is wrong with a mirror; `one` of its repositories only, where it is for a repository. */
export const MIRROR_FAULTS = [
  'none',
  '401',
  '403',
  '500',
  'refused',
  'dies',
  'slow',
  'one 401',
  'one 500',
  'read-back differs',
  'read-back refused',
  'push refused',
  'second tag refused',
  'manifests are lost',
] as const;
const SOURCE_FAULTS = ['none', 'none', 'none', 'a damaged blob', 'refused', 'blobs refused'] as const;

type MirrorFault = (typeof MIRROR_FAULTS)[number];

/** How an image begins on a mirror. */
const BEGINNINGS = ['absent', 'there', 'first tag', 'moved'] as const;

/** A tree, what registries hold at first, and what goes wrong with them. */
export type Case = {
  readonly images: readonly {
    readonly tags: number;
    readonly isLost: boolean;
    readonly on: readonly (typeof BEGINNINGS)[number][];
  }[];
  readonly mirrors: readonly { readonly fault: MirrorFault; readonly nth: number }[];
  readonly source: (typeof SOURCE_FAULTS)[number];
  readonly google: boolean;
};

/** All cases. */
export const cases: fc.Arbitrary<Case> = fc.record({
  images: fc.array(
    fc.record({
      tags: fc.integer({ min: 0, max: 2 }),
      isLost: fc.boolean(),
      on: fc.array(fc.constantFrom(...BEGINNINGS), { minLength: 4, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: IMAGES.length },
  ),
  mirrors: fc.array(fc.record({ fault: fc.constantFrom(...MIRROR_FAULTS), nth: fc.integer({ min: 2, max: 30 }) }), {
    minLength: 2,
    maxLength: 4,
  }),
  source: fc.constantFrom(...SOURCE_FAULTS),
  google: fc.boolean(),
});

const isWrite = (method: string): boolean => method !== 'GET' && method !== 'HEAD';

/** The fault of a mirror as the registry knows it. */
function hookOf({ fault, nth }: Case['mirrors'][number], { store, close }: TestRegistry): FaultHook | undefined {
  let seen = 0;
  const written = new Set<string>();
  const when = (is: boolean, then: Fault): Fault | undefined => (is ? then : undefined);
  switch (fault) {
    case '401':
    case '403':
    case '500':
      return () => ({ status: Number(fault) });
    case 'dies':
      return async () => {
        seen += 1;
        if (seen === nth) void close();
        return when(seen >= nth, 'reset');
      };
    case 'slow':
      return () => ({ delayMs: 5 });
    case 'one 401':
    case 'one 500':
      return ({ repository }) => when(repository === 'prod/app0', { status: Number(fault.slice(4)) });
    case 'read-back differs':
      // somebody else moves the tag as soon as it is written
      return ({ kind, reference, repository }) => {
        if (kind === 'headManifest' && written.has(`${repository}:${reference}`))
          storeImage(store, repository, OTHER, [reference]);
        if (kind === 'putManifest' && /^v\d$/.test(reference)) written.add(`${repository}:${reference}`);
        return undefined;
      };
    case 'read-back refused':
      return ({ kind }) => when(kind === 'headManifest', { status: 403 });
    case 'push refused':
      return ({ method }) => when(isWrite(method), { status: 403 });
    case 'second tag refused':
      return ({ kind, reference }) => when(kind === 'putManifest' && reference === 'v1', { status: 403 });
    case 'manifests are lost':
      return ({ kind }) => when(kind === 'putManifest', { status: 201, readBody: true });
    default:
      return undefined;
  }
}

function sourceHook(fault: Case['source']): FaultHook | undefined {
  if (fault === 'a damaged blob') return ({ kind }) => (kind === 'getBlob' ? { status: 200, body: 'rot' } : undefined);
  if (fault === 'blobs refused') return ({ kind }) => (kind === 'getBlob' ? { status: 403 } : undefined);
  return fault === 'refused' ? () => 'reset' : undefined;
}

/** What a run told, and the registries as it left them. */
type Staged = {
  readonly wanted: readonly WantedImage[];
  readonly told: Told;
  readonly all: readonly TestRegistry[];
};

function begin(
  store: TestRegistry['store'],
  image: BuiltImage,
  path: string,
  tags: readonly string[],
  how: string,
): void {
  if (how === 'there') storeImage(store, path, image, tags);
  if (how === 'first tag') storeImage(store, path, image, tags.slice(0, 1));
  if (how === 'moved' && tags[0] !== undefined) storeImage(store, path, OTHER, [tags[0]]);
}

/** Builds the case on real registries, and promotes. */
export async function promote({ images, mirrors, source, google }: Case): Promise<Staged> {
  const staging = await startRegistry();
  const servers = await Promise.all(mirrors.map(() => startRegistry({ google })));
  const to = servers.map(({ host }) => `${host}/prod`);
  const wanted = images.map(({ tags }, index) => ({
    name: `app${index}`,
    digest: IMAGES[index]?.manifest.descriptor.digest ?? '',
    tags: Array.from({ length: tags }, (_, nth) => `v${nth}`),
    mirrors: to,
  }));
  for (const [index, { isLost, on }] of images.entries()) {
    const [image, tags] = [IMAGES[index] ?? OTHER, wanted[index]?.tags ?? []];
    if (!isLost) storeImage(staging.store, `staging/app${index}`, image);
    for (const [place, { store }] of servers.entries()) begin(store, image, `prod/app${index}`, tags, on[place] ?? '');
  }
  staging.inject(sourceHook(source));
  for (const [place, mirror] of mirrors.entries()) {
    const server = servers[place];
    if (mirror.fault === 'refused') await server?.close();
    server?.inject(hookOf(mirror, server));
  }
  const entries = wanted.map(({ name, digest, tags }) => [name, digest, ...tags] as const);
  await using tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to, entries }]);
  const told = await cipTold(['--thin-manifest-dir', tree.path, '--confirm', '--sign=false'], { speed: HASTE });
  return { wanted, told, all: [staging, ...servers] };
}

/** Promotes, and returns every disagreement; the log goes before them, to be read where there is one. */
export async function check(given: Case): Promise<readonly string[]> {
  const { wanted, told, all } = await promote(given);
  const holds = (host: string) => all.find((one) => one.host === host)?.snapshot() ?? {};
  const found = disagreements(told, wanted, holds);
  await Promise.all(all.map((one) => one.close().catch(() => undefined)));
  return found.length === 0 ? [] : [told.run.stderr, ...found];
}
