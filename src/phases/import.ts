import { failureOf, type Failure } from '../errors.ts';
import type { CopyRule, Finding } from '../foreign/model.ts';
import { sharedName } from '../foreign/shared-name.ts';
import type { Project } from '../manifest/manifest.ts';
import { againstTree, type Addition } from './import/against-tree.ts';
import { compareTargets } from './import/compare-targets.ts';
import { expandRegistries } from './import/expand-registries.ts';
import { projectsOf, withoutConflicts } from './import/projects.ts';
import { readSources } from './import/read-sources.ts';
import { resolvePlatforms } from './import/resolve-platforms.ts';
import type { Context } from '../pipeline/phase.ts';
import type { RegistryReader } from '../registry/roles.ts';

/** The additions to a tree that are not written yet, and everything that they do not contain. */
export type Imported = {
  readonly additions: readonly Addition[];
  readonly failures: readonly Failure[];
  readonly findings: readonly Finding[];
};

/** Imports on one page: reads what the rules select now, leaves out tags that would move, and divides the rest into projects. */
export async function importRules(
  rules: readonly CopyRule[],
  projects: readonly Project[],
  registry: RegistryReader,
  context: Context,
): Promise<Imported> {
  const { named, failures: renamed } = withSharedNames(rules);
  const expanded = await expandRegistries(registry, named, context);
  const sources = await readSources(registry, expanded.rules, context);
  const resolved = await resolvePlatforms(registry, sources.wanted, context);
  const compared = await compareTargets(registry, resolved.wanted, context);
  const agreed = withoutConflicts(compared.wanted);
  const results = projectsOf(agreed.wanted).map((project) => againstTree(projects, project));
  const steps = [expanded, sources, resolved, compared, agreed, ...results];
  return {
    additions: results.map(({ addition }) => addition),
    failures: [...renamed, ...steps.flatMap(({ failures }) => failures)],
    findings: [...sources.findings, ...compared.findings],
  };
}

/** A manifest joins one name to both registries, so the last parts of source and target must be the same. */
function withSharedNames(rules: readonly CopyRule[]): {
  readonly named: readonly CopyRule[];
  readonly failures: readonly Failure[];
} {
  const isShared = ({ repositories, source, target }: CopyRule): boolean =>
    repositories !== undefined || sharedName(source, target) !== undefined;
  const hint = 'give both the same last part; kpromo copies an image under its name';
  return {
    named: rules.filter(isShared),
    failures: rules
      .filter((rule) => !isShared(rule))
      .map(({ at, source, target }) => {
        const message = `${source} would be renamed to ${target}`;
        return failureOf('import', { code: 'USAGE', message, hint }, { at });
      }),
  };
}
