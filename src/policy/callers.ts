import type { BuilderRule, EvidenceItem, ProvenancePolicy } from './provenance.ts';
import { isSource } from './sources.ts';

/** A GitHub Actions workflow at the ref of a run. */
type Workflow = { readonly repository: string; readonly path: string; readonly ref: string };

/**
 * Returns a clause why the run that made provenance may not call its builder; undefined if it may, or if none
 * of these builders restricts its callers. The signature of a reusable workflow names only the workflow itself, whoever
 * calls it.
 */
export function wrongCaller(
  builders: readonly BuilderRule[],
  { sources }: Pick<ProvenancePolicy, 'sources'>,
  { run: { claimed, certified } = {}, builder }: Pick<EvidenceItem, 'run' | 'builder'>,
): string | undefined {
  const callers = builders.flatMap(({ caller }) => caller ?? []);
  if (callers.length === 0) return undefined;
  const called = workflowIn(certified?.workflow);
  if (called === undefined) return `its certificate does not name the GitHub workflow that called ${builder}`;
  const { repository, path, ref } = called;
  const caller = `its builder ${builder} was called by ${certified?.workflow}`;
  if (certified?.repository !== undefined && certified.repository !== repository)
    return `${caller}, but its certificate names the repository ${certified.repository}`;
  if (!sources.some((source) => isSource(source, repository))) return `${caller}, which is in no source of the policy`;
  if (claimed !== certified?.workflow) return `${caller}, but it claims ${claimed ?? 'no calling workflow'}`;
  for (const { workflows, refs } of callers) {
    if (workflows.length > 0 && !workflows.includes(path)) return `${caller}; only ${workflows.join(', ')} may`;
    if (!refs.some((pattern) => pattern.matches(ref)))
      return `${caller}; only runs for ${refs.map(({ text }) => text).join(', ')} may`;
  }
  return undefined;
}

/** Only GitHub's own workflows: elsewhere their path begins at another place. */
function workflowIn(config = ''): Workflow | undefined {
  const [, repository = '', path = '', ref = ''] =
    /^(https:\/\/github\.com\/[^/@]+\/[^/@]+)\/([^@]+)@(.+)$/s.exec(config) ?? [];
  return repository === '' ? undefined : { repository, path, ref };
}
