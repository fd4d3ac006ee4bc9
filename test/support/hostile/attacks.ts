import type { World } from '../../integration/uses/world.ts';
import { digestOf, imageOf } from '../../integration/uses/world.ts';
import type { ProjectSpec } from '../promotion/tree.ts';
import { buildImage, storeImage } from '../registry/images.ts';
import { largeAttestations, largeIndex, partsOf, serving, withImage, type Part } from './images.ts';
import { crumbs, silentOn, slowUploads } from './slow.ts';
import { HOSTILE_LISTINGS, HOSTILE_REFERRERS, LONG_LISTINGS } from './listings.ts';
import { digestNumber, type HostileAnswer } from './server.ts';

/** A registry that attacks, the projects that lead to it, and the exit code of a run that meets it. */
export type Attack = {
  readonly answer: HostileAnswer;
  readonly projects: (world: World, host: string) => readonly ProjectSpec[];
  readonly exit: number;
};

/** The attacker's registry is a destination. */
function destination(answer: HostileAnswer, repositories: number): Attack {
  const entries = Array.from({ length: repositories }, (_, index) => [`app-${index}`, digestOf(2), 'v1'] as const);
  const projects: Attack['projects'] = (world, host) => [
    { ...world.project('evil', {}), to: [`${host}/prod`], entries },
  ];
  return { answer, projects, exit: 1 };
}

/** The attacker's registry is staging, of these digests in so many repositories. */
function staging(answer: HostileAnswer, digests: readonly string[], exit = 1, repositories = 1): Attack {
  const entries = Array.from({ length: repositories }, (_, index) =>
    digests.map((digest, nth) => [`evil-${index}`, digest, `v${nth}`] as const),
  ).flat();
  const projects: Attack['projects'] = (world, host) => [
    { ...world.project('evil', {}), from: `${host}/staging`, entries },
  ];
  return { answer, projects, exit };
}

function ofIndexes(count: number, children: number, told?: number, filler?: string): Attack {
  const all: Part[][] = Array.from({ length: count }, (_, seed) => [...largeIndex(children, seed, told, filler)]);
  return staging(
    serving(all.flat()),
    all.map(([root]) => root?.descriptor.digest ?? ''),
  );
}

/** Serves an image with a layer of a megabyte in crumbs. */
function slow(kind: 'blobs' | 'manifests', form: 'a connection' | 'a beat'): Attack {
  const image = buildImage({ seed: 9, layers: [1_000_000] });
  const answer = crumbs(partsOf(image), (path) => path.includes(`/${kind}/`), form, 1_000);
  return staging(answer, [image.manifest.descriptor.digest]);
}

/** More than the buffers of a connection, so that a server that reads nothing stops the sender. */
const LARGE = buildImage({ seed: 8, layers: [16 * 1024 * 1024] });

/** The attacker's registry is a destination of an image that staging has in so many repositories. */
function writesTo(answer: HostileAnswer, repositories: number): Attack {
  const { projects } = destination(answer, repositories);
  return {
    answer,
    projects: (world, host) => {
      for (let index = 0; index < repositories; index += 1)
        storeImage(world.staging.store, `staging/app-${index}`, imageOf(2));
      return projects(world, host);
    },
    exit: 1,
  };
}

/** The attacker's registry is a destination of the large image. */
function largeDestination(answer: HostileAnswer): Attack {
  const projects: Attack['projects'] = (world, host) => {
    storeImage(world.staging.store, 'staging/large', LARGE);
    return [
      {
        ...world.project('evil', {}),
        to: [`${host}/prod`],
        entries: [['large', LARGE.manifest.descriptor.digest, 'v1']],
      },
    ];
  };
  return { answer, projects, exit: 1 };
}

const SUBJECT = imageOf(3);
const SUBJECT_DIGEST = SUBJECT.manifest.descriptor.digest;

/** Writes that a registry does not answer, although it answers all other requests. */
export const SILENT_WRITES = [
  ['opened uploads', 'POST', /\/uploads\//],
  ['blobs', 'PUT', /\/uploads\//],
  ['manifests', 'PUT', /\/manifests\//],
] as const;

/** Every attack by its name; opened when it begins, as some hold much. */
export const ATTACKS: Readonly<Record<string, () => Attack>> = {
  ...Object.fromEntries(
    Object.entries(HOSTILE_LISTINGS).map(([name, { answer }]) => [name, () => destination(answer, 1)]),
  ),
  ...Object.fromEntries(
    Object.entries(HOSTILE_LISTINGS).map(([name, { answer }]) => [`${name}, ten times`, () => destination(answer, 10)]),
  ),
  ...Object.fromEntries(
    Object.entries(LONG_LISTINGS).map(([name, answer]) => [`${name}, fifty times`, () => destination(answer, 50)]),
  ),
  'staging of 129 MiB of images': () =>
    staging(
      HOSTILE_LISTINGS['129 MiB of images']?.answer ?? (() => undefined),
      Array.from({ length: 10 }, (_, index) => digestNumber(index)),
      1,
      10,
    ),
  ...Object.fromEntries(
    Object.entries(HOSTILE_REFERRERS).map(([name, { answer, code }]) => [
      `referrers: ${name}`,
      () => staging(withImage(SUBJECT, answer), [SUBJECT_DIGEST], code),
    ]),
  ),
  'an index of 500 images of 4 MiB': () => ofIndexes(1, 500),
  'an index that calls 500 images of 4 MiB small': () => ofIndexes(1, 500, 100),
  'an index of seven images of countless values': () => ofIndexes(1, 7),
  'ten indexes of seven images of countless values': () => ofIndexes(10, 7),
  'five indexes of seven images of 4 MiB': () => ({ ...ofIndexes(5, 7, undefined, 'long'), exit: 0 }),
  '150 attestations of 16 MiB': () =>
    // their envelopes have many signatures, which cannot be verified, and no policy asks for any
    staging(serving([...partsOf(SUBJECT), ...largeAttestations(SUBJECT_DIGEST, 150)]), [SUBJECT_DIGEST], 0),
  'a registry that answers nothing': () => destination(() => new Promise(() => undefined), 200),
  ...Object.fromEntries(
    SILENT_WRITES.map(([what, method, path]) => [
      `a registry that is silent on ${what}`,
      () => writesTo(silentOn(method, path), 200),
    ]),
  ),
  'a registry that is silent after a large upload': () => largeDestination(silentOn('PUT', /\/uploads\//)),
  'a large upload that is read in crumbs': () => largeDestination(slowUploads(1_000)),
  'a large upload that is read rarely': () => largeDestination(slowUploads(20_000)),
  'a large upload that is not read': () => largeDestination(slowUploads(3_600_000)),
  'a blob of ten bytes a connection': () => slow('blobs', 'a connection'),
  'a blob of ten bytes a second': () => slow('blobs', 'a beat'),
  'a manifest of ten bytes a second': () => slow('manifests', 'a beat'),
};
