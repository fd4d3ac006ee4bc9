import { describe, expect, it } from 'vitest';
import { applyBaseline, type Comparable } from './apply.ts';
import { parseBaseline } from './load.ts';
import type { KnownDrift } from './rules.ts';
import { baselineText } from './write.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const drift = (given: Partial<Comparable> = {}): Comparable => ({
  code: 'EXTRA',
  reference: 'prod.test/app',
  digest: DIGEST,
  tags: ['v1'],
  ...given,
});
const parsed = (...entries: readonly string[]): readonly KnownDrift[] => {
  const found = parseBaseline(
    'known.yaml',
    Buffer.from(`version: 1\nknown:\n${entries.map((entry) => `- {${entry}}\n`).join('')}`),
  );
  if ('problems' in found) throw new Error(JSON.stringify(found.problems));
  return found.known;
};
const entry = (rest: string): string => `code: EXTRA, reason: of old, ${rest}`;

/** Which of the differences an entry covers on 2026-01-31. */
const covered = (text: string, ...all: readonly Comparable[]): readonly boolean[] =>
  applyBaseline(all, parsed(entry(text)), '2026-01-31').drift.map(({ known }) => known !== undefined);

describe('src/baseline', () => {
  it('covers by code, reference, digest and tags', () => {
    const all = [drift(), drift({ code: 'MOVED' }), drift({ digest: OTHER }), drift({ tags: ['v1', 'v2'] })];
    expect(covered('reference: prod.test/app, until: 2026-01-31', ...all)).toEqual([true, false, true, true]);
    expect(covered(`reference: prod.test/app, digest: "${DIGEST}", until: 2026-01-31`, ...all)).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(covered('reference: prod.test/**, tags: [v1, v3], until: 2026-01-31', ...all)).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(covered('reference: prod.test/other, until: 2026-01-31', ...all)).toEqual([false, false, false, false]);
  });

  it('tells entries that expired, which cover nothing, and entries that match nothing', () => {
    const known = parsed(
      entry('reference: prod.test/app, until: 2026-01-30'),
      entry('reference: prod.test/gone, until: 2026-12-31'),
    );
    const { drift: all, idle } = applyBaseline([drift()], known, '2026-01-31');
    expect(all.map((one) => one.known)).toEqual([undefined]);
    expect(idle.map(({ why, reference, at }) => `${why} ${reference} ${at.file}:${at.line}`)).toEqual([
      'expired prod.test/app known.yaml:3',
      'unused prod.test/gone known.yaml:4',
    ]);
  });

  it.each([
    [
      'version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, reason: x, untill: 2026-01-31}\n',
      3,
      'unknown key "untill"',
    ],
    ['version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, reason: x}\n', 3, 'has no "until"'],
    ['version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, reason: "", until: 2026-01-31}\n', 3, '"reason"'],
    ['version: 1\nknown:\n- {code: GONE, reference: a.test/b, reason: x, until: 2026-01-31}\n', 3, '"code" is "GONE"'],
    ['version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, reason: x, until: 2026-02-30}\n', 3, 'not a day'],
    [
      'version: 1\nknown:\n- {code: EXTRA, reference: a.test/b, digest: x, reason: x, until: 2026-01-31}\n',
      3,
      'not a digest',
    ],
    ['version: 2\nknown: []\n', 1, '"version"'],
    ['known: []\n', 1, 'has no "version"'],
  ])('rejects %j with its position', (text, line, message) => {
    const found = parseBaseline('known.yaml', Buffer.from(text));
    if (!('problems' in found)) throw new Error('it was accepted');
    expect(found.problems.map(({ position }) => position.line)).toEqual([line]);
    expect(found.problems[0]?.message).toContain(message);
  });

  it('writes a baseline that covers everything, and keeps the entries that do', () => {
    const known = parsed(
      `code: EXTRA, reference: prod.test/**, tags: ["1.10"], reason: 'of "old": yes', until: 2026-06-30`,
      entry('reference: prod.test/gone, until: 2026-12-31'),
    );
    const all = [drift({ tags: ['1.10'] }), drift(), drift({ code: 'UNSIGNED' })];
    const text = baselineText(applyBaseline(all, known, '2026-01-31'), '2026-04-30');
    expect(text.split('\n').slice(2)).toEqual([
      'version: 1',
      'known:',
      '  - code: EXTRA',
      '    reference: "prod.test/**"',
      '    tags: ["1.10"]',
      '    reason: "of \\"old\\": yes"',
      '    until: 2026-06-30',
      '  - code: EXTRA',
      '    reference: "prod.test/app"',
      `    digest: ${DIGEST}`,
      '    tags: ["v1"]',
      '    reason: "not reviewed yet"',
      '    until: 2026-04-30',
      '  - code: UNSIGNED',
      '    reference: "prod.test/app"',
      `    digest: ${DIGEST}`,
      '    reason: "not reviewed yet"',
      '    until: 2026-04-30',
      '',
    ]);
    const again = parseBaseline('known.yaml', Buffer.from(text));
    if ('problems' in again) throw new Error(JSON.stringify(again.problems));
    const applied = applyBaseline(all, again.known, '2026-01-31');
    expect([applied.drift.every((one) => one.known !== undefined), applied.idle]).toEqual([true, []]);
    expect(baselineText({ drift: [] }, '2026-04-30')).toContain('known: []');
  });
});
