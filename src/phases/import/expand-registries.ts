import { failureOf, type Failure } from '../../errors.ts';
import type { CopyRule } from '../../foreign/model.ts';
import { joinRepository, splitRepository } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { RepositoryLister } from '../../registry/roles.ts';
import { caught } from '../caught.ts';
import { checkListed } from '../snapshot/held-manifests.ts';
import type { RepositoryRule } from './wanted.ts';

/** Replaces each rule about a registry by one for each repository that it selects. A registry without a catalog is a failure. */
export async function expandRegistries(
  registry: RepositoryLister,
  rules: readonly CopyRule[],
  context: Context,
): Promise<{ readonly rules: readonly RepositoryRule[]; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = [];
  const catalogs = new Map<string, Promise<readonly string[]>>();
  const expand = async (rule: CopyRule): Promise<readonly RepositoryRule[]> => {
    const { repositories, source, target, at } = rule;
    if (repositories === undefined) return [{ ...rule, repositories }];
    try {
      const listing =
        catalogs.get(source) ?? registry.listRepositories(source, context).then((all) => all.map(checkListed));
      catalogs.set(source, listing);
      const paths = (await listing).map((name) => splitRepository(name).path).filter(repositories);
      return paths.toSorted().map((path) => ({
        ...rule,
        source: joinRepository(source, path),
        target: joinRepository(target, path),
        repositories: undefined,
      }));
    } catch (error) {
      const { message, ...failure } = caught(error, context);
      failures.push(
        failureOf('import', { ...failure, message: `listing the repositories of ${source}: ${message}` }, { at }),
      );
      return [];
    }
  };
  const expanded = await Promise.all(rules.map(expand));
  return { rules: expanded.flat(), failures };
}
