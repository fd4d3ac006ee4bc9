import { z } from 'zod';
import { isDigest } from '../../image/digest.ts';
import { severityNamed, type Finding } from '../../policy/vulnerabilities/vulnerability.ts';
import { digestsIn, plain, platformText, type ReportFormat } from './types.ts';
import { largest } from '../../lists.ts';

const Match = z.looseObject({
  vulnerability: z.looseObject({
    id: z.string().min(1),
    severity: z.string().nullish(),
    cvss: z.array(z.looseObject({ metrics: z.looseObject({ baseScore: z.number().nullish() }).nullish() })).nullish(),
    fix: z.looseObject({ versions: z.array(z.string()).nullish(), state: z.string().nullish() }).nullish(),
  }),
  relatedVulnerabilities: z.array(z.looseObject({ id: z.string() })).nullish(),
  artifact: z.looseObject({ name: z.string(), version: z.string().nullish(), purl: z.string().nullish() }),
});

// https://github.com/anchore/grype/blob/main/grype/presenter/models/document.go
const GrypeReport = z.looseObject({
  matches: z.array(Match),
  source: z
    .looseObject({
      target: z.union([
        z.looseObject({
          userInput: z.string().nullish(),
          manifestDigest: z.string().nullish(),
          repoDigests: z.array(z.string()).nullish(),
          architecture: z.string().nullish(),
          os: z.string().nullish(),
        }),
        z.string(),
      ]),
    })
    .nullish(),
  descriptor: z.looseObject({ name: z.literal('grype'), version: z.string().nullish() }),
});

/** Parses Grype's own format, `--output json`. */
export const grypeReport: ReportFormat = (value) => {
  const { data } = GrypeReport.safeParse(value);
  if (data === undefined) return undefined;
  const target = data.source?.target ?? '';
  const { userInput, manifestDigest, repoDigests, os, architecture } =
    typeof target === 'string' ? { userInput: target } : target;
  const manifest = manifestDigest && isDigest(manifestDigest) ? [manifestDigest] : [];
  const platform = platformText(os ?? '', architecture ?? '');
  const { version } = data.descriptor;
  return {
    scanner: version ? `grype ${plain(version)}` : 'grype',
    digests: [...new Set([...manifest, ...digestsIn([userInput, ...(repoDigests ?? [])])])],
    platform: platform.includes('/') ? platform : undefined,
    findings: data.matches.map(findingOf),
  };
};

function findingOf({ vulnerability, relatedVulnerabilities, artifact }: z.infer<typeof Match>): Finding {
  const scores = (vulnerability.cvss ?? []).flatMap(({ metrics }) => metrics?.baseScore ?? []);
  const fixedIn = plain((vulnerability.fix?.versions ?? []).join(', '));
  return {
    id: plain(vulnerability.id),
    aliases: (relatedVulnerabilities ?? []).map(({ id }) => plain(id)),
    severity: severityNamed(vulnerability.severity ?? ''),
    package: plain(artifact.name),
    version: plain(artifact.version ?? ''),
    fixedIn: fixedIn || undefined,
    score: scores.length > 0 ? largest(scores) : undefined,
    purl: artifact.purl || undefined,
    source: 'grype',
  };
}
