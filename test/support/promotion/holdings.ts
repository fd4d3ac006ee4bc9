import type { TestRegistry } from '../registry/server.ts';

/**
 * What each registry has below a path, without that path. Signatures differ from run to run, so only their tags are
 * compared.
 */
export function holdings(mirrors: readonly TestRegistry[], root: string): unknown {
  return mirrors.map((mirror) =>
    Object.entries(mirror.snapshot()).flatMap(([path, { tags, manifests, blobs }]) => {
      if (!path.startsWith(`${root}/`)) return [];
      const named = Object.entries(tags).map(([tag, digest]) => (tag.endsWith('.sig') ? tag : `${tag} ${digest}`));
      return [[path.slice(root.length), named, Object.keys(manifests).length, Object.keys(blobs).length]];
    }),
  );
}
