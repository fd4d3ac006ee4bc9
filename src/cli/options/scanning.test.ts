import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { SCANNING_FLAGS, scanningOptions, type ScanningOptions } from './scanning.ts';

const options = (...argv: string[]): ScanningOptions | undefined =>
  scanningOptions(parseFlags(SCANNING_FLAGS, argv).values);

describe('src/cli/options/scanning.ts', () => {
  it('scans nothing by default', () => {
    expect(options()).toBeUndefined();
    expect(options('--vuln-severity-threshold=-1')).toBeUndefined();
  });

  it('only scans with --vuln-severity-threshold, at its severity', () => {
    expect(options('--vuln-severity-threshold=3')).toEqual({
      mode: 'only',
      threshold: 3,
      scanners: ['report', 'attestation', 'google'],
      reports: [],
      allowUnscanned: false,
    });
    expect(options('--vuln-severity-threshold=0')).toMatchObject({ mode: 'only', threshold: 0 });
  });

  it('is a gate at severity high, or at the given one', () => {
    expect(options('--vuln-gate')).toMatchObject({ mode: 'gate', threshold: 4 });
    expect(options('--vuln-gate', '--vuln-severity-threshold=5')).toMatchObject({ mode: 'gate', threshold: 5 });
    expect(options('--vuln-gate', '--vuln-allow-unscanned')).toMatchObject({ allowUnscanned: true });
  });

  it('uses the given scanners in their order, each once', () => {
    const named = ['--vuln-scanner=trivy', '--vuln-scanner=attestation', '--vuln-scanner=trivy'];
    expect(options('--vuln-gate', ...named)?.scanners).toEqual(['trivy', 'attestation']);
  });

  it.each([
    [['--vuln-severity-threshold=6'], '--vuln-severity-threshold=6 is more than 5'],
    [['--vuln-severity-threshold=-2'], '--vuln-severity-threshold=-2 is less than -1'],
    [['--vuln-gate', '--vuln-scanner=clair'], 'invalid argument "clair" for "--vuln-scanner" flag'],
    [['--vuln-scanner=trivy'], '--vuln-scanner requires a scan'],
    [['--vuln-report=x'], '--vuln-report requires a scan'],
    [['--vuln-allow-unscanned'], '--vuln-allow-unscanned requires a scan'],
    [['--vuln-gate', '--vuln-report=x', '--vuln-scanner=trivy'], '--vuln-report requires the scanner "report"'],
  ])('rejects %j', (argv, message) => {
    expect(() => options(...argv)).toThrow(message);
  });
});
