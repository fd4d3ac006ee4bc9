import { joinRepository, pathBelow } from '../../image/reference.ts';
import type { LoadedManifests, Project, SourcePolicy } from '../../manifest/manifest.ts';
import type { Context } from '../../pipeline/phase.ts';
import { unmatchedPatterns } from '../../policy/image-levels.ts';

/** The rest is counted: a whole tree may have turned off what its file asks. */
const MOST_NAMED = 10;

/** Says how strict the manifests are, and which of them name rules that they do not turn on. */
export function tellPolicies({ policies = [], projects: promoted }: LoadedManifests, { emit }: Context): void {
  const projects = (mode: string): readonly string[] =>
    policies.filter(({ provenance }) => provenance.mode === mode).map(({ project }) => project);
  const [requiring, warning] = [projects('require').length, projects('warn').length];
  if (requiring + warning > 0)
    emit({
      type: 'log',
      level: 'info',
      message: `Provenance policies: ${requiring} of ${policies.length} require, ${warning} warn`,
    });
  const idle = policies.filter(
    ({ provenance: { mode, signers, builders, sources } }) =>
      mode === 'off' && signers.length + builders.length + sources.length > 0,
  );
  const warn = (message: string): void => emit({ type: 'log', level: 'warning', message });
  if (idle.length > 0)
    warn(
      `Provenance policies that are off and ask nothing: ${first(idle.map(({ project }) => project))}; set "mode" to warn or require`,
    );
  const unmatched = policies.flatMap((policy) => unmatchedIn(policy, promoted));
  if (unmatched.length > 0)
    warn(
      `Levels of provenance policies that no image has to reach: ${first(unmatched)}; check the names under "levels"`,
    );
}

function first(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? [`and ${names.length - MOST_NAMED} more`] : [];
  return [...names.slice(0, MOST_NAMED), ...more].join(', ');
}

/** The patterns of its levels that match no image below its source registry, whichever manifest promotes it. */
function unmatchedIn({ project, source, provenance }: SourcePolicy, promoted: readonly Project[]): readonly string[] {
  if (provenance.mode === 'off' || provenance.levels.length === 0) return [];
  const images = promoted.flatMap((one) =>
    one.images.flatMap(({ name }) => pathBelow(source, joinRepository(one.source, name)) ?? []),
  );
  return unmatchedPatterns(provenance, [...new Set(images)]).map((pattern) => `${pattern} (${project})`);
}
