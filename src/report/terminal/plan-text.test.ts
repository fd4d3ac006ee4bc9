import { describe, expect, it } from 'vitest';
import type { ImageReport, RunReport, TargetReport } from '../model/report.ts';
import { planText } from './plan-text.ts';

const MIRRORS = Array.from({ length: 22 }, (_, index) => `r${index}.io/prod`);
const digestOf = (index: number): string => `sha256:${String(index).padStart(12, '0')}${'a'.repeat(52)}`;

function target(mirror: string, name: string, tag: string, given: Partial<TargetReport> = {}): TargetReport {
  const cost = { attempts: 0, requests: 0, bytes: 0, ms: 0 };
  return { ref: `${mirror}/${name}:${tag}`, action: 'copy', pending: true, ...cost, ...given };
}

function refused(mirror: string, name: string, tag: string, code: string): TargetReport {
  return { ref: `${mirror}/${name}:${tag}`, action: 'failed', code, attempts: 0, requests: 0, bytes: 0, ms: 0 };
}

function image(name: string, index: number, given: Partial<ImageReport> = {}): ImageReport {
  const tags = given.tags ?? [`v${index}`];
  return {
    name,
    digest: digestOf(index),
    tags,
    source: `s.io/staging/${name}@${digestOf(index)}`,
    file: 'images/p/images.yaml',
    line: index,
    sourceReads: 0,
    targets: MIRRORS.flatMap((mirror) => tags.map((tag) => target(mirror, name, tag))),
    size: 1024,
    ...given,
    mirrors: given.mirrors ?? MIRRORS.map((mirror) => ({ name: mirror, state: 'pending' })),
  };
}

function reportOf(images: readonly ImageReport[], given: Partial<RunReport> = {}): RunReport {
  const pending = images.flatMap(({ targets }) => targets).filter((one) => one.pending === true).length;
  const none = {
    present: 0,
    copied: 0,
    tagged: 0,
    failed: 0,
    unknown: 0,
    promoted: 0,
    requests: 0,
    bytes: 0,
    sourceReads: 0,
  };
  return {
    run: { version: '1', mode: 'dry-run', started: '2026-01-01T00:00:00.000Z', ms: 1 },
    registries: [],
    images,
    failures: [],
    totals: { images: 46_000, repositories: 1, pending, ...none },
    ...given,
  };
}

const linesOf = (...given: Parameters<typeof reportOf>): readonly string[] =>
  planText(reportOf(...given))
    .trimEnd()
    .split('\n');

describe('src/report/terminal/plan-text.ts', () => {
  it('begins with the reason why --confirm would fail', () => {
    const message = '--confirm would refuse: no signing identity found';
    const failures = [{ phase: 'sign', code: 'IDENTITY', message } as const];
    expect(linesOf([image('app', 1)], { failures })[1]).toBe(`  ${message}`);
  });

  it('states if tags are written last', () => {
    const run = { ...reportOf([]).run, tagsLast: true } as const;
    const line = '  tags are written last: after their images are signed and the mirrors have the signatures';
    expect(linesOf([image('app', 1)], { run })[1]).toBe(line);
    expect(linesOf([image('app', 1)])).not.toContain(line);
  });

  it('groups by image, with missing mirrors, size, signatures and policy', () => {
    const [first = '', second = ''] = MIRRORS;
    const proven = {
      signature: 'verified',
      attestations: 'verified',
      mode: 'require',
      result: 'passed',
      level: 3,
      violations: [],
      evidence: [],
    } as const;
    const images = [
      image('app', 1, { tags: ['v1', 'v1.0'], provenance: proven }),
      image('app', 2, { targets: MIRRORS.slice(1).map((mirror) => target(mirror, 'app', 'v2')) }),
      image('tool', 3, {
        tags: ['v3', 'v3.0'],
        targets: [first, second].map((mirror) => target(mirror, 'tool', 'v3', { action: 'tag' })),
        signature: {
          repository: 'r0.io/prod/tool',
          reference: 'k.io/tool',
          why: 'due',
          signature: 'missing',
          record: 'missing',
        },
      }),
    ];
    expect(linesOf(images)).toEqual([
      'Plan: 3 of 46,000 images to promote, 67 references, at most 43.0 KiB to write',
      '',
      'app  from s.io/staging/app',
      '  sha256:000000000001…  v1, v1.0',
      '      copy to all 22 mirrors (1.0 KiB)',
      '      signed in staging: verified, policy passed (level 3)',
      '  sha256:000000000002…  v2',
      '      copy to 21 of 22 mirrors: not r0.io/prod (1.0 KiB)',
      '',
      'tool  from s.io/staging/tool',
      '  sha256:000000000003…  v3, v3.0',
      '      tag v3 on 2 of 22 mirrors: r0.io/prod, r1.io/prod',
      '      to be signed and recorded as k.io/tool',
    ]);
  });

  it('lists rejected images with reason and position', () => {
    const images = [
      image('lost', 1, { targets: MIRRORS.map((mirror) => refused(mirror, 'lost', 'v1', 'LOST')) }),
      image('moved', 2, {
        targets: [
          ...MIRRORS.slice(1).map((m) => target(m, 'moved', 'v2')),
          refused('r0.io/prod', 'moved', 'v2', 'TAG_MOVE'),
        ],
      }),
    ];
    const lines = linesOf(images);
    expect(lines[0]).toBe(
      'Plan: 1 of 46,000 images to promote, 21 references, at most 21.0 KiB to write; 2 cannot be promoted, or not everywhere',
    );
    expect(lines).toContain('      LOST: not promoted (images/p/images.yaml:1)');
    expect(lines.join(' ')).toContain('TAG_MOVE: not promoted to 1 of 22 mirrors: r0.io/prod');
  });

  it('distinguishes missing bytes from missing tags', () => {
    const targets = MIRRORS.map((mirror, index) =>
      target(mirror, 'app', index < 20 ? 'v1.0' : 'v1', index < 20 ? { action: 'tag' } : {}),
    );
    const lines = linesOf([image('app', 1, { tags: ['v1', 'v1.0'], targets })]);
    expect(lines[0]).toBe('Plan: 1 of 46,000 images to promote, 22 references, at most 2.0 KiB to write');
    expect(lines.slice(4)).toEqual([
      '      tag v1.0 on 20 of 22 mirrors: not r20.io/prod, r21.io/prod',
      '      copy v1 to 2 of 22 mirrors: r20.io/prod, r21.io/prod (1.0 KiB)',
    ]);
  });

  it.each([
    ['not-scanned', [], 'not scanned'],
    ['failed', [], 'scan failed'],
    ['scanned', [], 'no known vulnerabilities'],
    ['scanned', ['below'], '1 vulnerability below the threshold or excepted'],
    ['scanned', ['below', 'over'], '2 vulnerabilities, 1 over the threshold'],
  ] as const)('for an image that is %s with findings %j, prints: %s', (state, verdicts, text) => {
    const finding = { id: 'CVE-1', severity: 4, package: 'a', version: '1', source: 'x' };
    const findings = verdicts.map((verdict) => ({ ...finding, verdict }));
    const vulnerabilities = { state, result: 'passed', scanner: 'x', threshold: 4, findings } as const;
    expect(linesOf([image('app', 1, { vulnerabilities })])).toContain(`      ${text}`);
    const many = Array.from({ length: 50 }, (_, index) => image('app', index, { vulnerabilities }));
    expect(linesOf(many).filter((line) => line.endsWith(text))).toEqual([`each: ${text}`]);
    const mixed = linesOf([...many, image('other', 60)]);
    expect(mixed.filter((line) => line.endsWith(`  ${text}`))).toHaveLength(50);
  });

  it('states unknown sizes and unread repositories', () => {
    const { size: _, ...unknown } = image('app', 1);
    const failures = [{ phase: 'plan', code: 'DENIED', message: 'no', refs: ['a.io/x', 'b.io/x'] }] as const;
    const lines = linesOf([unknown], { failures });
    expect(lines[0]).toBe('Plan: 1 of 46,000 images to promote, 22 references, of unknown size');
    expect(lines[1]).toBe('  2 repositories could not be read: their missing images are unknown');
    expect(lines).toContain('      copy to all 22 mirrors (size unknown)');
  });

  it('states that it is incomplete if the manifests have problems or the run was stopped', () => {
    const failures = [{ phase: 'setup', code: 'ENTRY_INVALID', message: 'no' }] as const;
    const run = { ...reportOf([]).run, aborted: 'stopped by SIGINT' };
    expect(linesOf([], { failures, run })).toEqual([
      'Plan: nothing to promote of 46,000 images',
      '  stopped early, and so not complete: stopped by SIGINT',
      '  1 problem in the manifests: the affected entries are not in the plan',
    ]);
  });

  it('prints many digests in one line each, and counts the rest', () => {
    const lines = linesOf(Array.from({ length: 230 }, (_, index) => image(`image-${index % 100}`, index)));
    expect(lines.length).toBeLessThan(240);
    expect(lines.filter((line) => line.includes('sha256:'))).toHaveLength(230);
    expect(lines.filter((line) => line.startsWith('image-'))).toHaveLength(100);
    expect(lines[2]).toMatch(/^image-0 +sha256:000000000000… +v0 +copy to all 22 mirrors +1\.0 KiB$/);
    const more = linesOf(Array.from({ length: 5000 }, (_, index) => image('app', index)));
    expect(more.length).toBeLessThan(250);
    expect(more.at(-1)).toBe('and 4,760 more images; --report FILE.json has all of them');
  });

  it('prints the source of images with the same name', () => {
    const others = Array.from({ length: 50 }, (_, index) => image(`image-${index}`, index));
    const twin = { ...image('image-7', 60), source: `t.io/other/image-7@${digestOf(60)}` };
    const lines = linesOf([...others, twin]);
    expect(lines.filter((line) => line.startsWith('image-'))).toHaveLength(49);
    expect(lines.filter((line) => /^[st]\.io\/\w+\/image-7 /.test(line))).toHaveLength(2);
  });

  it('prints nothing to promote if nothing is missing', () => {
    expect(linesOf([])).toEqual(['Plan: nothing to promote of 46,000 images']);
  });

  it('escapes control characters', () => {
    const text = planText(reportOf([image('app', 1, { tags: ['v1\u001b[2J'] })]));
    expect(text).toContain('v1\\x1b[2J');
    expect(text).not.toContain('\u001b');
  });

  it('groups images of a change in sections', () => {
    const [one, two, three] = [image('app', 1), image('app', 2), image('app', 3)];
    const changeOf = (
      { name, digest, source, tags }: ImageReport,
      kind: 'added' | 'retagged' | 'backfilled',
    ): object => ({
      kind,
      project: 'p',
      name,
      digest,
      source,
      tags,
      mirrors: ['r0.io/prod'],
    });
    const change = {
      commit: 'c0ffee'.repeat(7),
      changes: [changeOf(one, 'added'), changeOf(two, 'backfilled')],
      removed: [changeOf(three, 'added')],
      settings: [{ kind: 'registries', project: 'p', file: 'f.yaml', after: 'r0.io/prod' }],
    } as RunReport['change'] & object;
    const lines = linesOf([one, two], { change, totals: { ...reportOf([one, two]).totals, images: 2, unchanged: 9 } });
    expect(lines.slice(0, 11)).toEqual([
      'Plan: 2 of 2 changed images to promote, 44 references, at most 44.0 KiB to write',
      '',
      'Registries, sources and policies that change:',
      '  p: mirrors (f.yaml)',
      '    new r0.io/prod',
      '',
      'The change (compared with commit c0ffeec0ffee):',
      '  added       1 digest',
      '  backfilled  1 digest  to r0.io/prod',
      '  no longer managed, but still in production: 1 digest',
      '    app  sha256:000000000003…  v3',
    ]);
    expect(lines).toContain('Added:');
    expect(lines).toContain('Backfilled:');
  });
});
