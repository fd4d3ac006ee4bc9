import { describe, expect, it } from 'vitest';
import { isExplainedBy, lastStatement } from './vex.ts';
import type { Finding, VexPackage, VexStatement } from './vulnerability.ts';

const finding: Finding = {
  id: 'CVE-2026-1',
  aliases: ['GHSA-1'],
  severity: 4,
  package: 'git',
  version: '2.39.0-r1',
  source: 'trivy',
};
const statement = (ids: string[], ...packages: VexPackage[]): VexStatement => ({
  ids,
  status: 'not_affected',
  time: 0,
  packages,
});
const git = { type: 'apk', name: 'wolfi/git' };

describe('src/policy/vulnerabilities/vex.ts', () => {
  it('is about a weakness by any of its names, in any case', () => {
    expect(isExplainedBy(finding, statement(['cve-2026-1']))).toBe(true);
    expect(isExplainedBy(finding, statement(['other', 'GHSA-1']))).toBe(true);
    expect(isExplainedBy(finding, statement(['CVE-2026-10']))).toBe(false);
  });

  it('is about the packages that it names only', () => {
    expect(isExplainedBy(finding, statement(['CVE-2026-1'], git))).toBe(true);
    expect(isExplainedBy(finding, statement(['CVE-2026-1'], { ...git, version: '2.39.0-r1' }))).toBe(true);
    expect(isExplainedBy(finding, statement(['CVE-2026-1'], { ...git, version: '2.39.0-r2' }))).toBe(false);
    expect(isExplainedBy(finding, statement(['CVE-2026-1'], { type: 'apk', name: 'wolfi/curl' }))).toBe(false);
  });

  it('compares only the package URL if the scanner states it', () => {
    const known = { ...finding, purl: 'pkg:apk/alpine/git@2.39.0-r1?arch=x86_64' };
    expect(isExplainedBy(known, statement(['CVE-2026-1'], { type: 'apk', name: 'alpine/git' }))).toBe(true);
    expect(isExplainedBy(known, statement(['CVE-2026-1'], git))).toBe(false);
    expect(isExplainedBy(known, statement(['CVE-2026-1'], { type: 'deb', name: 'alpine/git' }))).toBe(false);
  });

  it('takes no package for another of the same last name, but where the first is the distribution', () => {
    const core = { ...finding, package: 'core' };
    expect(isExplainedBy(core, statement(['CVE-2026-1'], { type: 'npm', name: '@angular/core' }))).toBe(false);
    expect(isExplainedBy(core, statement(['CVE-2026-1'], { type: 'npm', name: 'core' }))).toBe(true);
  });

  it('applies to one platform if the statement names it', () => {
    const arm = { ...statement(['CVE-2026-1']), platform: 'linux/arm64' };
    expect(isExplainedBy({ ...finding, platform: 'linux/arm64' }, arm)).toBe(true);
    expect(isExplainedBy({ ...finding, platform: 'linux/amd64' }, arm)).toBe(false);
    expect(isExplainedBy({ ...finding, platform: 'linux/amd64' }, statement(['CVE-2026-1']))).toBe(true);
  });

  it('takes the latest of several statements, and of one moment the last', () => {
    const [first, second] = [statement(['a']), statement(['b'])];
    expect(lastStatement([])).toBeUndefined();
    expect(lastStatement([{ ...first, time: 2 }, second])?.ids).toEqual(['a']);
    expect(lastStatement([first, second])?.ids).toEqual(['b']);
  });
});
