import { z } from 'zod';
import { severityNamed, type Finding } from '../../policy/vulnerabilities/vulnerability.ts';
import { digestsIn, plain, platformText, type ReportFormat } from './types.ts';
import { largest } from '../../lists.ts';

const Score = z.looseObject({
  V2Score: z.number().nullish(),
  V3Score: z.number().nullish(),
  V40Score: z.number().nullish(),
});

const Vulnerability = z.looseObject({
  VulnerabilityID: z.string().min(1),
  VendorIDs: z.array(z.string()).nullish(),
  PkgName: z.string(),
  PkgIdentifier: z.looseObject({ PURL: z.string().nullish() }).nullish(),
  InstalledVersion: z.string().nullish(),
  FixedVersion: z.string().nullish(),
  Severity: z.string().nullish(),
  CVSS: z.record(z.string(), Score).nullish(),
});

// https://trivy.dev/latest/docs/configuration/reporting/#json
const TrivyReport = z.looseObject({
  SchemaVersion: z.literal(2),
  ArtifactName: z.string(),
  Trivy: z.looseObject({ Version: z.string().nullish() }).nullish(),
  Metadata: z
    .looseObject({
      RepoDigests: z.array(z.string()).nullish(),
      ImageConfig: z
        .looseObject({ os: z.string().nullish(), architecture: z.string().nullish(), variant: z.string().nullish() })
        .nullish(),
    })
    .nullish(),
  Results: z.array(z.looseObject({ Vulnerabilities: z.array(Vulnerability).nullish() })).nullish(),
});

/** Parses Trivy's own format, `--format json`. */
export const trivyReport: ReportFormat = (value) => {
  const { data } = TrivyReport.safeParse(value);
  if (data === undefined) return undefined;
  const { Metadata: metadata, Results: results, ArtifactName: name, Trivy: tool } = data;
  const config = metadata?.ImageConfig;
  const platform = platformText(config?.os ?? '', config?.architecture ?? '', config?.variant ?? '');
  const found = (results ?? []).flatMap(({ Vulnerabilities: vulnerabilities }) => vulnerabilities ?? []);
  return {
    scanner: tool?.Version ? `trivy ${plain(tool.Version)}` : 'trivy',
    digests: digestsIn([name, ...(metadata?.RepoDigests ?? [])]),
    platform: platform.includes('/') ? platform : undefined,
    findings: found.map(findingOf),
  };
};

function findingOf(found: z.infer<typeof Vulnerability>): Finding {
  const scores = Object.values(found.CVSS ?? {}).flatMap(({ V40Score, V3Score, V2Score }) => {
    const score = V40Score ?? V3Score ?? V2Score;
    return typeof score === 'number' ? [score] : [];
  });
  const fixedIn = plain(found.FixedVersion ?? '');
  return {
    id: plain(found.VulnerabilityID),
    aliases: (found.VendorIDs ?? []).map(plain),
    severity: severityNamed(found.Severity ?? ''),
    package: plain(found.PkgName),
    version: plain(found.InstalledVersion ?? ''),
    fixedIn: fixedIn || undefined,
    score: scores.length > 0 ? largest(scores) : undefined,
    purl: found.PkgIdentifier?.PURL || undefined,
    source: 'trivy',
  };
}
