import { z } from 'zod';
import {
  severityNamed,
  severityOfScore,
  type Finding,
  type Severity,
} from '../../policy/vulnerabilities/vulnerability.ts';
import { digestsIn, plain, type ReportFormat } from './types.ts';
import { largest } from '../../lists.ts';

const Rule = z.looseObject({
  id: z.string(),
  properties: z.looseObject({ 'security-severity': z.string().nullish() }).nullish(),
});

const Result = z.looseObject({
  ruleId: z.string().nullish(),
  ruleIndex: z.int().nullish(),
  rule: z.looseObject({ id: z.string().nullish(), index: z.int().nullish() }).nullish(),
  level: z.string().nullish(),
  message: z.looseObject({ text: z.string().nullish() }).nullish(),
  locations: z.array(z.unknown()).nullish(),
});

// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
const SarifReport = z.looseObject({
  version: z.literal('2.1.0'),
  runs: z
    .array(
      z.looseObject({
        tool: z.looseObject({
          driver: z.looseObject({
            name: z.string(),
            version: z.string().nullish(),
            rules: z.array(Rule).nullish(),
          }),
        }),
        results: z.array(Result),
        properties: z.unknown().optional(),
      }),
    )
    .min(1),
});

type Rule = z.infer<typeof Rule>;
type Result = z.infer<typeof Result>;

/** Severities of the levels if nothing more precise is stated (SARIF 2.1.0, §3.27.10; a missing level is a warning). */
const LEVELS: ReadonlyMap<string, Severity> = new Map([
  ['error', 4],
  ['warning', 3],
  ['note', 2],
  ['none', 1],
]);

/** Parses SARIF 2.1.0 as written by Trivy, Grype and others: each result is a finding. */
export const sarifReport: ReportFormat = (value) => {
  const { data } = SarifReport.safeParse(value);
  if (data === undefined) return undefined;
  const drivers = data.runs.map(({ tool }) => tool.driver);
  // tools name the image in different places: in the run's properties or in the locations
  const named = data.runs.flatMap(({ properties, results }) => [
    JSON.stringify(properties ?? null),
    ...results.map(({ locations }) => JSON.stringify(locations ?? null)),
  ]);
  return {
    scanner: drivers.map(({ name, version }) => plain(version ? `${name} ${version}` : name)).join(', '),
    digests: digestsIn(named),
    findings: data.runs.flatMap(({ tool: { driver }, results }) =>
      results.map((result) => findingOf(result, driver.rules ?? [], plain(driver.name))),
    ),
  };
};

function findingOf(result: Result, rules: readonly Rule[], source: string): Finding {
  const { id, rule } = ruleOf(result, rules);
  const text = result.message?.text ?? '';
  const labelled = (label: string): string => plain(new RegExp(`^${label}: *(.+)$`, 'im').exec(text)?.[1] ?? '');
  const name = plain(id) || 'unnamed';
  // Grype appends the package to the rule's name: CVE-2026-1-openssl
  const cve = /^(?:CVE-\d+-\d+|GHSA(?:-[0-9a-z]{4}){3})/i.exec(name)?.[0] ?? name;
  const score = Number.parseFloat(rule?.properties?.['security-severity'] ?? '');
  return {
    id: cve,
    aliases: cve === name ? [] : [name],
    severity: severityOf(labelled('Severity'), score, result.level ?? 'warning'),
    package: labelled('Package') || plain(text) || name,
    version: labelled('Installed Version'),
    fixedIn: labelled('Fixed Version') || undefined,
    score: Number.isFinite(score) ? score : undefined,
    source,
  };
}

/** Returns the rule of a result, referenced by index or by name. */
function ruleOf(
  { ruleId, ruleIndex, rule: named }: Result,
  rules: readonly Rule[],
): { id: string; rule: Rule | undefined } {
  const id = ruleId ?? named?.id;
  const index = ruleIndex ?? named?.index;
  const rule = (index === null || index === undefined ? undefined : rules[index]) ?? rules.find((one) => one.id === id);
  return { id: id ?? rule?.id ?? '', rule };
}

/** Returns the worse of the stated severity and the score; that of the level if there is neither. */
function severityOf(word: string, score: number, level: string): Severity {
  const known = [severityNamed(word), Number.isFinite(score) ? severityOfScore(score) : 0];
  const worst = largest(known) as Severity;
  return worst > 0 ? worst : (LEVELS.get(level) ?? 0);
}
