import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { LogLevel, RunEvent } from '../events.ts';
import { eventLines } from './event-lines.ts';
import { EventLine } from './event-schema.ts';

const PUBLISHED = new URL('../../schemas/run-events.schema.json', import.meta.url);

const IMAGE = { image: 'app', digest: 'sha256:abc' };
const PLACE = { source: 'a.example/app', file: 'images.yaml', line: 3, tags: ['v1'] };

/** One of each type, with everything that it may hold. */
const TOLD: {
  readonly [Type in Exclude<RunEvent['type'], 'bytes' | 'progress' | 'summary'>]: RunEvent & { type: Type };
} = {
  'run-started': { type: 'run-started', mode: 'promote', version: 'v1.0.0' },
  'phase-started': { type: 'phase-started', phase: 'plan', index: 2, of: 7 },
  'phase-ended': { type: 'phase-ended', phase: 'plan', ms: 12.5, ended: 'done' },
  'image-planned': { type: 'image-planned', ...IMAGE, ...PLACE, repositories: ['b.example/app'] },
  'image-promoted': { type: 'image-promoted', ...IMAGE, repositories: [], failed: 1, bytes: 7, ms: 1 },
  'image-unknown': { type: 'image-unknown', ...IMAGE, repositories: ['b.example/app'] },
  'image-signed': { type: 'image-signed', ...IMAGE, reference: 'b.example/app' },
  'image-recorded': { type: 'image-recorded', ...IMAGE, reference: 'b.example/app' },
  failed: {
    type: 'failed',
    phase: 'promote',
    code: 'DENIED',
    message: 'no',
    hint: 'ask',
    file: 'images.yaml',
    line: 3,
    ...IMAGE,
    refs: ['b.example/app:v1'],
  },
  'registry-paused': { type: 'registry-paused', registry: 'google', until: '2026-01-01T12:00:00.000Z' },
  stopping: { type: 'stopping', reason: 'stopped by SIGINT' },
  'run-ended': { type: 'run-ended', mode: 'promote', ms: 12, aborted: 'SIGINT' },
  exit: { type: 'exit', code: 130 },
  log: { type: 'log', level: 'info', message: 'a\nb', fields: { done: 1, phase: 'plan', refs: ['b.example/app:v1'] } },
  request: { type: 'request', method: 'GET', url: 'https://a.example/v2/', operation: 'read', status: 200, ms: 3 },
};

function lines(level: LogLevel, backlog = (): number => 0) {
  const written: string[] = [];
  const sink = { write: (line: string) => void written.push(line), backlog };
  return { narrate: eventLines({ sink, clock: fakeClock(), level }), written };
}

const typesOf = (written: readonly string[]): unknown[] =>
  written.map((line) => (JSON.parse(line) as { readonly type: string }).type);

describe('src/watch/event-lines.ts', () => {
  it('writes each event as one line that the published schema and the strict one allow', () => {
    const isValid = new Ajv2020({ strict: true, formats: { 'date-time': true } }).compile(
      JSON.parse(readFileSync(PUBLISHED, 'utf8')) as object,
    );
    const { narrate, written } = lines('trace');
    for (const event of Object.values(TOLD)) narrate(event);
    expect(written).toHaveLength(Object.keys(TOLD).length);
    for (const [index, event] of Object.values(TOLD).entries()) {
      expect(written[index]).toMatch(/^[^\n]+\n$/);
      const line: unknown = JSON.parse(written[index] ?? '');
      expect(line).toEqual({ v: 1, time: '2026-01-01T12:00:00.000Z', ...event });
      expect(EventLine.parse(line)).toEqual(line);
      expect(isValid(line), JSON.stringify(isValid.errors)).toBe(true);
    }
    expect(isValid({ v: 1, time: '2026-01-01T12:00:00.000Z', type: 'exit' })).toBe(false);
  });

  it('writes log lines by --log-level, requests at trace, and no bytes or progress', () => {
    const told = (level: LogLevel): unknown[] => {
      const { narrate, written } = lines(level);
      for (const at of ['warning', 'info', 'debug'] as const) narrate({ ...TOLD.log, level: at });
      narrate(TOLD.request);
      narrate({ type: 'bytes', origin: 'https://a.example', bytes: 1 });
      narrate({ type: 'progress', unit: 'images', done: 0, total: 1, failed: 0 });
      return typesOf(written);
    };
    expect(told('error')).toEqual([]);
    expect(told('info')).toEqual(['log', 'log']);
    expect(told('trace')).toEqual(['log', 'log', 'log', 'request']);
  });

  it('omits lines while the reader is too slow, and then writes their number', () => {
    let backlog = 0;
    const { narrate, written } = lines('info', () => backlog);
    narrate(TOLD.exit);
    backlog = 5_000_000;
    for (let time = 0; time < 1000; time++) narrate(TOLD.log);
    backlog = 4_000_000;
    narrate(TOLD.exit);
    expect(typesOf(written)).toEqual(['exit', 'dropped', 'exit']);
    expect(EventLine.parse(JSON.parse(written[1] ?? ''))).toMatchObject({ count: 1000 });
  });
});
