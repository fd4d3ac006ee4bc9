import { joinRepository, pathBelow } from '../../image/reference.ts';
import type { LoadedManifests, Project, SourcePolicy } from '../../manifest/manifest.ts';
import type { PhaseEvent } from '../../pipeline/phase-events.ts';
import { unmatchedPatterns } from '../../policy/image-levels.ts';

/** Returns how strict the manifests are, and which policies have rules without an effect. */
export function policiesLoaded({ policies = [], projects }: LoadedManifests): PhaseEvent {
  const count = (mode: string): number => policies.filter(({ provenance }) => provenance.mode === mode).length;
  const idle = policies.filter(
    ({ provenance: { mode, signers, builders, sources } }) =>
      mode === 'off' && signers.length + builders.length + sources.length > 0,
  );
  return {
    type: 'policies-loaded',
    policies: policies.length,
    requiring: count('require'),
    warning: count('warn'),
    idle: idle.map(({ project }) => project),
    unmatched: policies.flatMap((policy) => unmatchedIn(policy, projects)),
  };
}

/** Returns the patterns of its levels that match no image below its source registry, whichever manifest promotes it. */
function unmatchedIn({ project, source, provenance }: SourcePolicy, promoted: readonly Project[]): readonly string[] {
  if (provenance.mode === 'off' || provenance.levels.length === 0) return [];
  const images = promoted.flatMap((one) =>
    one.images.flatMap(({ name }) => pathBelow(source, joinRepository(one.source, name)) ?? []),
  );
  return unmatchedPatterns(provenance, [...new Set(images)]).map((pattern) => `${pattern} (${project})`);
}
