import type { PolicyChange } from '../../manifest/diff/policy-changes.ts';

const NAMES = {
  source: 'source registry',
  registries: 'mirrors',
  primary: 'primary registry',
  provenance: 'provenance policy',
  artifactTypes: 'types of artifact',
  vulnerabilities: 'vulnerability policy',
} as const satisfies Readonly<Record<PolicyChange['kind'], string>>;

/** What changed in what decides, for people who review it: every change, since each may let something through. */
export function policyLines(changes: readonly PolicyChange[]): readonly string[] {
  if (changes.length === 0) return [];
  return [
    'Changed policies and registries:',
    ...changes.flatMap(({ kind, project, before, after }) => [
      `  ${project}: ${NAMES[kind]}`,
      ...(before === undefined ? [] : [`    ${kind === 'registries' ? 'gone' : 'was'}: ${before}`]),
      ...(after === undefined ? [] : [`    ${kind === 'registries' ? 'new' : 'is'}: ${after}`]),
    ]),
  ];
}
