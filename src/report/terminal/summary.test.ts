import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../errors.ts';
import type { ImageReport, RunReport, TargetReport } from '../model/report.ts';
import { mirrorFinder } from '../mirrors.ts';
import { summaryText } from './summary.ts';

const DIGEST = `sha256:${'ab3ca464bfbe7f3b'.repeat(4)}`;
const COST = { requests: 0, bytes: 0, ms: 0 };

type Given = {
  readonly run?: Partial<RunReport['run']>;
  readonly images?: readonly ImageReport[];
  readonly failures?: readonly Failure[];
  readonly totals?: Partial<RunReport['totals']>;
  readonly registries?: RunReport['registries'];
};

function summary({ run = {}, images = [], failures = [], totals = {}, registries = [] }: Given): readonly string[] {
  const text = summaryText({
    run: { version: '1', mode: 'promote', started: '2026-01-01T00:00:00.000Z', ms: 1234, ...run },
    registries,
    images,
    failures,
    totals: {
      images: 3,
      repositories: 2,
      present: 0,
      pending: 0,
      copied: 0,
      tagged: 0,
      failed: 0,
      unknown: 0,
      promoted: 0,
      requests: 1000,
      bytes: 2048,
      sourceReads: 0,
      ...totals,
    },
  });
  expect(text.startsWith('\n') && text.endsWith('\n')).toBe(true);
  return text.slice(1, -1).split('\n');
}

function image(name: string, ...targets: readonly TargetReport[]): ImageReport {
  const bare = {
    name,
    digest: DIGEST,
    tags: ['v1'],
    source: `s.io/${name}@${DIGEST}`,
    file: 'f',
    line: 1,
    sourceReads: 0,
    targets,
  };
  return { ...bare, mirrors: mirrorFinder([bare], new Set())(bare, undefined) };
}

const copied = (ref: string): TargetReport => ({ ref, action: 'copy', attempts: 1, ...COST });
const tagged = (ref: string): TargetReport => ({ ref, action: 'tag', attempts: 1, ...COST });
const failed = (ref: string, attempts = 1): TargetReport => ({ ref, action: 'failed', attempts, ...COST });
const pending = (target: TargetReport): TargetReport => ({ ...target, pending: true, attempts: 0 });

describe('src/report/terminal/summary.ts', () => {
  it('prints the results of a promotion, one line per image', () => {
    const images = [
      image('app', copied('a.io:5000/prod/app:v1'), tagged('a.io:5000/prod/app:v2'), copied('b.io/prod/app:v1')),
      image('tool', tagged('a.io:5000/prod/tool:v3')),
      image('bare', copied(`a.io:5000/prod/bare@${DIGEST}`)),
    ];
    expect(summary({ images, totals: { copied: 3, tagged: 2, present: 7, sourceReads: 9 } })).toEqual([
      'Summary: 3 of 3 images promoted (5 references)',
      '  copied  app   v1, v2    to 2 mirrors  sha256:ab3ca464bfbe…',
      '  tagged  tool  v3        on 1 mirror   sha256:ab3ca464bfbe…',
      '  copied  bare  (no tag)  to 1 mirror   sha256:ab3ca464bfbe…',
      '  7 image × mirror pairs complete before this run',
      '  1,000 requests, 9 source reads, 2.0 KiB sent and received, 1.2s',
    ]);
  });

  it('omits what the plan of a dry run shows', () => {
    const images = [image('app', pending(copied('a.io/app:v1')), pending(tagged('a.io/app:v2')))];
    expect(summary({ run: { mode: 'dry-run' }, images, totals: { pending: 2 } })).toEqual([
      'Summary: 1 of 3 images to promote (2 references); this was a dry run, nothing was written',
      '  1,000 requests, 2.0 KiB sent and received, 1.2s',
    ]);
  });

  it('prints on how many mirrors an image failed, and the problems of registries', () => {
    const images = [
      image('half', copied('a.io/half:v1'), failed('b.io/half:v1')),
      image('none', failed('a.io/none:v1'), failed('b.io/none:v1')),
    ];
    const registries = ['a.io', 'b.io', 'c.io'].map((host, index) => ({
      host,
      repositories: 2,
      failed: index,
      unread: index === 2 ? 1 : 0,
      ...COST,
    }));
    expect(summary({ images, registries, totals: { copied: 1, failed: 3 } }).slice(0, 5)).toEqual([
      'Summary: 0 of 3 images promoted (1 reference)',
      '  copied  half  v1  to 1 of 2 mirrors     sha256:ab3ca464bfbe…',
      '  failed  none  v1  on none of 2 mirrors  sha256:ab3ca464bfbe…',
      '  b.io: 1 reference not written',
      '  c.io: 1 repository could not be read, 1 reference not written',
    ]);
  });

  const lost: Failure = {
    phase: 'plan',
    code: 'LOST',
    message: `skipping s.io/app@${DIGEST} because it is _LOST_`,
    hint: 'push it again',
    at: { file: 'images/p/images.yaml', line: 7, column: 5 },
    image: 'app',
    digest: DIGEST,
    refs: ['a.io/app:v1', 'b.io/app:v1', 'c.io/app:v1', 'd.io/app:v1', 'e.io/app:v1'],
  };

  it('prints each problem with its place, its mirrors and its hint', () => {
    const images = [image('app', failed('a.io/app:v1', 0))];
    expect(summary({ images, failures: [lost] })).toEqual([
      'Summary: 3 images in the manifests, 1 problem, nothing else to promote',
      '  failed  app  v1  on none of 1 mirror  sha256:ab3ca464bfbe…',
      '  1,000 requests, 2.0 KiB sent and received, 1.2s',
      '',
      '1 problem:',
      '  LOST app@sha256:ab3ca464bfbe…',
      '      images/p/images.yaml:7:5',
      '      skipping s.io/app@sha256:ab3ca464bfbe… because it is _LOST_',
      '      on a.io/app:v1, b.io/app:v1, c.io/app:v1 and 2 more',
      '      → push it again',
    ]);
  });

  it('escapes control characters in all text from outside', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const failure = { ...lost, message: text, hint: text, image: text };
        const lines = summary({ images: [image(text, failed('a.io/app:v1'))], failures: [failure] });
        expect(lines.join('')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('lists twenty problems of each kind, and twenty images', () => {
    const other: Failure = { phase: 'plan', code: 'NETWORK', message: 'no way to z.io' };
    const failures = [...Array.from({ length: 25 }, () => lost), other];
    const images = Array.from({ length: 23 }, () => image('app', copied('a.io/app:v1')));
    const lines = summary({ images, failures });
    expect(lines.filter((line) => line.startsWith('  copied '))).toHaveLength(20);
    expect(lines).toContain('  and 3 more images');
    expect(lines.filter((line) => line.startsWith('  LOST app@'))).toHaveLength(20);
    expect(lines).toContain('  LOST: and 5 more; the log above has all');
    expect(lines.slice(-3)).toEqual(['  NETWORK', '      no way to z.io', '      → run `kpromo explain NETWORK`']);
  });

  it.each([
    [{}, 'Summary: 3 images in the manifests, nothing to promote'],
    [
      { totals: { images: 0, unchanged: 7 } },
      'Summary: 0 images changed, and 7 others in the manifests, nothing to promote',
    ],
    [{ run: { mode: 'parse' as const } }, 'Summary: 3 images in the manifests; no request was sent'],
    [{ run: { aborted: 'stopped by SIGINT' } }, 'Summary: nothing was promoted'],
    [{ run: { tagsLast: true as const } }, 'Summary: 3 images in the manifests, nothing to promote'],
  ])('for a run without images, %j, prints: %s', (given, expected) => {
    const lines = summary(given);
    expect(lines[0]).toBe(expected);
    expect(lines.includes('  stopped early: stopped by SIGINT')).toBe('run' in given && 'aborted' in given.run);
    expect(lines.some((line) => line.includes('tags are written last'))).toBe(
      'run' in given && 'tagsLast' in given.run,
    );
    expect(lines.some((line) => line.includes('requests'))).toBe(!('run' in given && 'mode' in given.run));
  });

  it('does not report images as promoted if the run stopped before writing', () => {
    const images = [
      image('a', pending(copied('b.io/a:v1')), pending(tagged('b.io/a:v2'))),
      image('l', failed('b.io/l:v1')),
    ];
    const run = { aborted: 'stopped by SIGINT' };
    expect(summary({ run, images, totals: { pending: 2, failed: 1 } })).toEqual([
      'Summary: nothing was promoted, 1 image (2 references) left to do',
      '  stopped early: stopped by SIGINT',
      '  1,000 requests, 2.0 KiB sent and received, 1.2s',
    ]);
  });
});
