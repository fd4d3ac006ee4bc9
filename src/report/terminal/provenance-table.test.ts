import { describe, expect, it } from 'vitest';
import type { ImageReport, ProvenanceReport } from '../model/report.ts';
import { evidenceTable, provenanceLines } from './provenance-table.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const violation = { code: 'PROVENANCE', message: `${digest} has no provenance`, hint: 'build it' } as const;
const evidence = {
  subject: digest,
  kind: 'sbom',
  form: 'bundle',
  status: 'untrusted',
  signer: 'me (https://issuer.example)',
  manifest: `sha256:${'b'.repeat(64)}`,
} as const;
const proven = (given: Partial<ProvenanceReport> = {}): ProvenanceReport => ({
  signature: 'unsigned',
  attestations: 'untrusted',
  mode: 'require',
  result: 'failed',
  level: 0,
  violations: [violation],
  evidence: [evidence],
  ...given,
});
const image = (name: string, provenance?: ProvenanceReport): Pick<ImageReport, 'name' | 'digest' | 'provenance'> => ({
  name,
  digest,
  provenance,
});

describe('src/report/terminal/provenance-table.ts', () => {
  it('prints nothing if no image was checked or all are accepted', () => {
    expect(provenanceLines([image('a'), image('b', proven({ result: 'passed', violations: [] }))])).toEqual([]);
  });

  it('lists rejected images and images with warnings, with builder and reason', () => {
    const known = { signer: 'ci', builder: 'https://ci.example', source: 'git+https://example.com/app', level: 2 };
    const images = [image('one', proven()), image('two', proven({ ...known, result: 'warned' }))];
    expect(provenanceLines(images)).toEqual([
      '  provenance: 1 rejected, 1 with a warning',
      '    rejected  one  sha256:aaaaaaaaaaaa…',
      '      signer     nobody',
      '      builder    unknown',
      '      source     unknown',
      '      level      0',
      '      violation  sha256:aaaaaaaaaaaa… has no provenance',
      '    warning  two  sha256:aaaaaaaaaaaa…',
      '      signer     ci',
      '      builder    https://ci.example',
      '      source     git+https://example.com/app',
      '      level      2',
      '      violation  sha256:aaaaaaaaaaaa… has no provenance',
    ]);
  });

  it('counts images beyond the limit', () => {
    const lines = provenanceLines(Array.from({ length: 23 }, (_, index) => image(`i${index}`, proven())));
    expect(lines[0]).toBe('  provenance: 23 rejected, 0 with a warning');
    expect(lines.at(-1)).toBe('    and 3 more images');
  });

  it('lists evidence, one line each', () => {
    expect(evidenceTable([evidence])).toEqual([
      'STATUS     KIND  FORM    SIGNER                       BUILDER  OF                    AT',
      'untrusted  sbom  bundle  me (https://issuer.example)  -        sha256:aaaaaaaaaaaa…  sha256:bbbbbbbbbbbb…',
    ]);
  });
});
