import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import type { ScanResult } from '../../src/policy/vulnerabilities/vulnerability.ts';
import type { Scanner } from '../../src/scan/scanner.ts';
import { rejection } from '../support/http-request.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const repository = 'us-docker.pkg.dev/acme/staging/app';

/** The images of every subject. */
export const IMAGES = {
  /** Has one finding of high severity with a fix, and one of low severity without. */
  weak: { repository, digest: digest('a') },
  /** Was scanned without findings. */
  clean: { repository, digest: digest('b') },
  /** Was not scanned. */
  unknown: { repository, digest: digest('c') },
} as const;

/** The findings of the vulnerable image. */
export const FOUND = [
  { id: 'CVE-2026-1', severity: 'HIGH', name: 'openssl', version: '3.0.1', fixedIn: '3.0.2' },
  { id: 'CVE-2026-2', severity: 'LOW', name: 'tar', version: '1.35' },
] as const;

export type ScannerSubject = {
  readonly scanner: Scanner;
  /** Lets the service or program fail from now on; undefined if the scanner uses none. */
  readonly breaks?: () => void | Promise<void>;
};

const forever = new AbortController().signal;

/** The contract of every `Scanner`. */
export function scannerContract(name: string, open: () => Promise<ScannerSubject>): void {
  describe(`the scanner contract on ${name}`, () => {
    it('returns findings with severity and fix', async () => {
      const { scanner } = await open();
      const { state, findings } = await scanner.scan(IMAGES.weak, forever);
      expect(state).toBe('scanned');
      expect(findings).toMatchObject([
        { id: 'CVE-2026-1', severity: 4, package: 'openssl', version: '3.0.1', fixedIn: '3.0.2' },
        { id: 'CVE-2026-2', severity: 2, package: 'tar', version: '1.35' },
      ]);
      expect(findings[1]?.fixedIn).toBeUndefined();
      for (const { source } of findings) expect(source).not.toBe('');
    });

    it('distinguishes an image without findings from one that was not scanned', async () => {
      const { scanner } = await open();
      expect(await scanner.scan(IMAGES.clean, forever)).toMatchObject({ state: 'scanned', findings: [] });
      const outcome = await scanner.scan(IMAGES.unknown, forever).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'SCANNER' });
      else
        expect(outcome as ScanResult).toMatchObject({ state: 'not-scanned', reason: expect.stringMatching(/\w+ \w+/) });
    });

    it('throws with a reason and a hint when it fails', async ({ skip }) => {
      const { scanner, breaks } = await open();
      if (breaks === undefined) skip('it asks nobody who could fail');
      await breaks?.();
      expect(await rejection(scanner.scan(IMAGES.clean, forever))).toMatchObject({
        code: 'SCANNER',
        message: expect.stringMatching(/\w+ \w+/),
        hint: expect.stringMatching(/\w+ \w+/),
      });
    });

    it('starts no scan when the signal has aborted', async ({ skip }) => {
      const { scanner, breaks } = await open();
      if (breaks === undefined) skip('it asks nobody');
      const reason = new Error('enough');
      expect(await rejection(scanner.scan(IMAGES.weak, AbortSignal.abort(reason)))).toBe(reason);
    });
  });
}
