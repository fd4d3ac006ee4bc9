import type { Failure } from '../errors.ts';
import type { CopyRule, Finding } from '../foreign/model.ts';
import { sharedName } from '../foreign/shared-name.ts';
import type { Project } from '../manifest/manifest.ts';
import { againstTree, type Addition } from './import/against-tree.ts';
import { compareTargets } from './import/compare-targets.ts';
import { expandRegistries } from './import/expand-registries.ts';
import { projectsOf, withoutConflicts } from './import/projects.ts';
import { readSources } from './import/read-sources.ts';
import { resolvePlatforms } from './import/resolve-platforms.ts';
import type { Wanted } from './import/wanted.ts';
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
  const { named, findings: renamed } = withSharedNames(rules);
  const expanded = await expandRegistries(registry, named, context);
  const sources = await readSources(registry, expanded.rules, context);
  const resolved = await resolvePlatforms(registry, sources.wanted, context);
  const compared = await compareTargets(registry, resolved.wanted, context);
  const agreed = withoutConflicts(compared.wanted);
  const results = projectsOf(agreed.wanted).map((project) => againstTree(projects, project));
  const steps = [expanded, sources, resolved, compared, agreed, ...results];
  return {
    additions: results.map(({ addition }) => addition),
    failures: steps.flatMap(({ failures }) => failures),
    findings: [...renamed, ...sources.findings, ...compared.findings, ...stayingLatest(agreed.wanted)],
  };
}

/** A manifest joins one name to both registries, so the last parts of source and target must be the same. */
function withSharedNames(rules: readonly CopyRule[]): {
  readonly named: readonly CopyRule[];
  readonly findings: readonly Finding[];
} {
  const isShared = ({ repositories, source, target }: CopyRule): boolean =>
    repositories !== undefined || sharedName(source, target) !== undefined;
  const hint = 'give both the same last part; kpromo copies an image under its name';
  const renamed = rules.filter((rule) => !isShared(rule));
  return {
    named: rules.filter(isShared),
    findings: renamed.map(({ at, source, target }) => {
      return { kind: 'lost', at, message: `${source} would be renamed to ${target}`, hint };
    }),
  };
}

/** Notes each rule that takes `latest`, the tag that moves with each release. */
function stayingLatest(wanted: readonly Wanted[]): readonly Finding[] {
  const rules = Map.groupBy(wanted, ({ at, tag }) => (tag === 'latest' ? at : undefined));
  return [...rules].flatMap(([at, [first]]): Finding[] => {
    if (at === undefined || first === undefined) return [];
    const message = `${first.target}:latest stays the digest that it is now`;
    return [{ kind: 'note', at, message, hint: 'let users pull a version: kpromo never moves a tag' }];
  });
}
