import type { ContentSpec, LoadSpec } from '../test/support/registry/content.ts';
import type { PlainOptions, ProcessSpec } from '../test/support/registry/process.ts';
import { blobsAlreadyThere, type Tree, type TreeVersion } from './tree.ts';

type Repository = { readonly name: string; readonly versions: readonly TreeVersion[] };

/** Staging and the mirrors of a tree, for one other process: staging first, pending digests missing from every mirror. */
export function registriesFor(tree: Tree, options: PlainOptions): ProcessSpec {
  const staging = repositoriesOf(tree, 'source');
  const mirrors = repositoriesOf(tree, 'destination');
  const loads: readonly LoadSpec[] = [
    {
      content: [{ name: 'staging' }],
      images: staging.flatMap(({ name, versions }) =>
        versions.flatMap(({ pending, tags }) =>
          pending === undefined ? [] : [{ repository: name, image: pending, tags }],
        ),
      ),
    },
    ...Array.from({ length: tree.size.mirrors }, () => ({
      content: [{ name: 'mirrors' }],
      syntheticBlobs: mirrors.flatMap(({ name, versions }) =>
        versions.flatMap(({ pending }) =>
          pending === undefined ? [] : blobsAlreadyThere(pending).map((blob) => ({ repository: name, ...blob })),
        ),
      ),
    })),
  ];
  return {
    contents: { staging: listingOf(staging), mirrors: listingOf(mirrors) },
    registries: loads.map((load) => ({ options, load })),
  };
}

function repositoriesOf({ projects }: Tree, side: 'source' | 'destination'): Repository[] {
  return projects.flatMap((project) =>
    project.images.map(({ name, versions }) => ({ name: `${project[side]}/${name}`, versions })),
  );
}

/** What is not pending, digests and tags only. */
function listingOf(repositories: readonly Repository[]): ContentSpec {
  return {
    repositories: repositories.map(({ name, versions }) => ({
      name,
      manifests: versions.filter(({ pending }) => pending === undefined).map(({ digest, tags }) => ({ digest, tags })),
    })),
  };
}
