/** What a report shall say; each maker writes it in the form of one tool, as that tool does. */
export type Said = {
  readonly reference: string;
  readonly platform?: readonly [os: string, architecture: string];
  readonly found: readonly SaidFinding[];
};

/** `severity` in the tool's own words. */
export type SaidFinding = {
  readonly id: string;
  readonly severity: string;
  readonly name: string;
  readonly version: string;
  readonly fixedIn?: string;
  readonly score?: number;
  readonly purl?: string;
  readonly alias?: string;
};

/** As `trivy image --format json` prints it. */
export function trivyJson({ reference, platform, found }: Said): unknown {
  return {
    SchemaVersion: 2,
    Trivy: { Version: '0.66.0' },
    CreatedAt: '2026-06-15T12:00:00Z',
    ArtifactName: reference,
    ArtifactType: 'container_image',
    Metadata: {
      OS: { Family: 'debian', Name: '13.0' },
      RepoDigests: [reference],
      ...(platform && { ImageConfig: { os: platform[0], architecture: platform[1] } }),
    },
    Results: [
      { Target: `${reference} (debian 13.0)`, Class: 'os-pkgs', Type: 'debian' },
      {
        Target: 'usr/bin/app',
        Class: 'lang-pkgs',
        Type: 'gobinary',
        Vulnerabilities: found.map(({ id, severity, name, version, fixedIn, score, purl, alias }) => ({
          VulnerabilityID: id,
          ...(alias !== undefined && { VendorIDs: [alias] }),
          PkgID: `${name}@${version}`,
          PkgName: name,
          ...(purl !== undefined && { PkgIdentifier: { PURL: purl, UID: '1' } }),
          InstalledVersion: version,
          ...(fixedIn !== undefined && { FixedVersion: fixedIn }),
          Status: fixedIn === undefined ? 'affected' : 'fixed',
          Severity: severity,
          ...(score !== undefined && { CVSS: { nvd: { V2Score: 1, V3Score: score } } }),
        })),
      },
    ],
  };
}

/** As `grype --output json` prints it. */
export function grypeJson({ reference, platform, found }: Said): unknown {
  return {
    matches: found.map(({ id, severity, name, version, fixedIn, score, purl, alias }) => ({
      vulnerability: {
        id,
        dataSource: 'https://security-tracker.debian.org',
        namespace: 'debian:distro:debian:13',
        severity,
        cvss: score === undefined ? [] : [{ version: '3.1', vector: '', metrics: { baseScore: score } }],
        fix: fixedIn === undefined ? { versions: [], state: 'wont-fix' } : { versions: [fixedIn], state: 'fixed' },
      },
      relatedVulnerabilities: alias === undefined ? [] : [{ id: alias }],
      matchDetails: [],
      artifact: { id: '1', name, version, type: 'go-module', purl: purl ?? '' },
    })),
    source: {
      type: 'image',
      target: {
        userInput: reference,
        manifestDigest: reference.split('@')[1] ?? '',
        repoDigests: [reference],
        ...(platform && { os: platform[0], architecture: platform[1] }),
      },
    },
    distro: { name: 'debian', version: '13' },
    descriptor: { name: 'grype', version: '0.98.0' },
  };
}

/** As `trivy image --format sarif` prints it; levels and scores are what its severities become. */
export function sarifJson({ reference, found }: Said): unknown {
  return {
    version: '2.1.0',
    $schema: 'https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: 'Trivy',
            version: '0.66.0',
            rules: found.map(({ id, score }) => ({
              id,
              properties: { precision: 'very-high', ...(score !== undefined && { 'security-severity': `${score}` }) },
            })),
          },
        },
        results: found.map(({ id, severity, name, version, fixedIn = '' }, ruleIndex) => ({
          ruleId: id,
          ruleIndex,
          level: /critical|high/i.test(severity) ? 'error' : 'warning',
          message: {
            text: `Package: ${name}\nInstalled Version: ${version}\nVulnerability ${id}\nSeverity: ${severity}\nFixed Version: ${fixedIn}\nLink: [${id}](https://avd.aquasec.com/nvd/${id})`,
          },
          locations: [],
        })),
        properties: { imageName: reference, repoDigests: [reference] },
      },
    ],
  };
}
