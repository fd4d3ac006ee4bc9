import type { LoadedManifests } from '../manifest/manifest.ts';
import type { Context } from '../pipeline/phase.ts';

/** The rest is counted: a whole tree may have turned off what its file asks. */
const MOST_NAMED = 10;

/** Says how strict the manifests are, and which of them name rules that they do not turn on. */
export function tellPolicies({ policies = [] }: LoadedManifests, { narrate }: Context): void {
  const projects = (mode: string): readonly string[] =>
    policies.filter(({ provenance }) => provenance.mode === mode).map(({ project }) => project);
  const [require, warn] = [projects('require').length, projects('warn').length];
  if (require + warn > 0)
    narrate({
      type: 'log',
      level: 'info',
      message: `Provenance policies: ${require} of ${policies.length} require, ${warn} warn`,
    });
  const idle = policies.filter(
    ({ provenance: { mode, signers, builders, sources } }) =>
      mode === 'off' && signers.length + builders.length + sources.length > 0,
  );
  if (idle.length === 0) return;
  const named = idle.slice(0, MOST_NAMED).map(({ project }) => project);
  const names = [...named, ...(idle.length > MOST_NAMED ? [`and ${idle.length - MOST_NAMED} more`] : [])].join(', ');
  narrate({
    type: 'log',
    level: 'warning',
    message: `Provenance policies that are off and ask nothing: ${names}; set "mode" to warn or require`,
  });
}
