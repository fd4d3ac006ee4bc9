import { describe, expect, it } from 'vitest';
import { checkedImage, finding } from '../../../test/support/promotion/checked.ts';
import { numbered } from '../../../test/support/promotion/promoted.ts';
import { wrongFailures } from '../../phases/sigcheck/failures.ts';
import type { CheckedImage } from '../../phases/sigcheck/checked-images.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import { buildSigcheckReport } from '../build/sigcheck.ts';
import type { SigcheckReport } from '../model/sigcheck.ts';
import { sigcheckSummary, sigcheckTable } from './sigcheck-summary.ts';

const RUN: RunFacts = { version: 'v1.0.0', mode: 'repair', started: '2026-01-01T00:00:00.000Z', ms: 1000 };
const ALL = { repositories: ['a.test/app', 'b.test/app', 'c.test/app'] };
const SOME = { repositories: ['b.test/app', 'c.test/app'] };

function reportOf(images: readonly CheckedImage[], beyond = 0): SigcheckReport {
  const plan = { checks: [], isAsked: false, beyond, failures: [] };
  const repaired = { images, failures: [], signed: 2, recorded: 1, copied: 5 };
  return buildSigcheckReport(
    RUN,
    { plan, repaired },
    wrongFailures(images),
    new Map([['a.test', { requests: 3, bytes: 2048 }]]),
  );
}

const lines = (text: string): readonly string[] =>
  text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));

describe('src/report/terminal/sigcheck-summary.ts', () => {
  it('prints one line per finding, and counts pairs of digest and repository by worst status', () => {
    const who = 'me@example.com (https://issuer.example)';
    const good = checkedImage(
      1,
      finding(1, { status: 'verified', who, ...ALL }),
      finding(1, { what: 'record', status: 'verified', words: 'recorded', who, ...ALL }),
    );
    const platforms = { subjects: [numbered(2), numbered(21), numbered(22)] };
    const bad = checkedImage(
      2,
      finding(2, { status: 'verified', who }),
      finding(2, { status: 'failed', why: `it is of ${numbered(7)}`, subjects: [numbered(21)] }),
      finding(2, { ...platforms, ...SOME }),
      finding(2, { what: 'record', ...ALL }),
    );
    const short = (index: number): string => `${numbered(index).slice(0, 19)}…`;
    expect(lines(sigcheckTable(reportOf([good, bad], 3)))).toEqual([
      'DIGEST | IMAGE | WHERE | STATUS | WHO | WHY',
      `${short(1)} | app | all 3 | verified, recorded | ${who}`,
      `${short(2)} | app | a.test/app | verified | ${who}`,
      `${short(2)} | app | a.test/app | failed | only platform ${short(21)}: it is of ${short(7)}`,
      `${short(2)} | app | b.test/app and 1 more | unsigned | with 2 platforms`,
      `${short(2)} | app | all 3 | unrecorded`,
      '',
      '2 digests checked, 3 more left out',
      'signatures, by digest and repository: 3 verified, 1 failed, 2 unsigned',
      'records, by digest and repository: 3 recorded, 3 unrecorded',
      '',
    ]);
    expect(lines(sigcheckSummary(reportOf([good, bad])))).toEqual([
      '',
      'Summary: 2 digests checked, 2 signed, 1 recorded, 5 copies to mirrors, 3 problems',
      '3 requests, 2.0 KiB sent and received, 1s',
      '',
    ]);
  });

  it('does not merge a verified record into an unverified signature', () => {
    const record = finding(1, { what: 'record', status: 'verified', words: 'recorded' });
    expect(lines(sigcheckTable(reportOf([checkedImage(1, finding(1), record)]))).slice(1, 3)).toEqual([
      expect.stringMatching(/unsigned$/),
      expect.stringMatching(/recorded$/),
    ]);
  });

  it('prints one line per broken link, and the number of links', () => {
    const broken = [
      { phase: 'view', code: 'BROKEN_LINK', message: 'manifest r.test/app@sha256:1: not found' } as const,
    ];
    const view = { followed: 1234, viewed: 2, broken, failures: broken };
    const report = buildSigcheckReport({ ...RUN, mode: 'check' }, { view }, [], new Map());
    expect(lines(sigcheckTable(report))).toEqual([
      'manifest r.test/app@sha256:1: not found',
      '',
      '2 digests checked as clients see them, through 1,234 links: 1 broken',
      '',
    ]);
    expect(lines(sigcheckSummary(report))[1]).toBe('Summary: 2 digests checked, 1 problem');
  });

  it('omits empty counts', () => {
    expect(sigcheckTable(reportOf([]))).toBe('0 digests checked\n');
    const before = buildSigcheckReport({ ...RUN, mode: 'check', aborted: 'SIGINT' }, {}, [], new Map());
    expect(lines(sigcheckSummary(before)).slice(1, 3)).toEqual([
      'Summary: 0 digests checked, nothing found wrong so far',
      'stopped early: SIGINT',
    ]);
  });
});
