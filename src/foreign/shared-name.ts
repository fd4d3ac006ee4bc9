import { splitRepository, type RepositoryName } from '../image/reference.ts';

/** A source and a destination registry, and the name of an image that is joined to both. */
export type SharedName = { readonly source: string; readonly destination: string; readonly name: string };

/** Divides two repositories before their longest common end; undefined if not even their last parts are the same. */
export function sharedName(source: RepositoryName, target: RepositoryName): SharedName | undefined {
  const [from, to] = [source, target].map((name) => splitRepository(name));
  if (from === undefined || to === undefined) return undefined;
  const [left, right] = [from.path.split('/').toReversed(), to.path.split('/').toReversed()];
  const different = left.findIndex((part, index) => part !== right[index]);
  const common = different < 0 ? left.length : different;
  if (common === 0) return undefined;
  return {
    source: joined(from.host, left.slice(common)),
    destination: joined(to.host, right.slice(common)),
    name: left.slice(0, common).toReversed().join('/'),
  };
}

function joined(host: string, parts: readonly string[]): string {
  return [host, ...parts.toReversed()].join('/');
}
