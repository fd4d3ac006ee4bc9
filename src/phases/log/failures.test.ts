import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { PromotionError, type Failure } from '../../errors.ts';
import type { PlannedImage } from '../images.ts';
import { failureLine, tellFailures, tellPending } from './failures.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const at = { file: 'images/p/images.yaml', line: 3, column: 5 };
const failure: Failure = { phase: 'plan', code: 'LOST', message: 'it is _LOST_' };

describe('src/phases/log/failures.ts', () => {
  it.each([
    [failure, 'it is _LOST_'],
    [{ ...failure, hint: 'look' }, 'it is _LOST_; look'],
    [{ ...failure, at }, 'images/p/images.yaml:3:5: it is _LOST_'],
    [{ ...failure, refs: ['b.test/app', 'c.test/app'] }, 'it is _LOST_ (and 1 more destination)'],
    [
      {
        ...failure,
        at,
        hint: 'look',
        source: `a.test/app@${DIGEST}`,
        refs: ['b.test/app:v1', 'b.test/app:v2', 'c.test/app:v1'],
      },
      `edge a.test/app@${DIGEST} -> b.test/app:v1: it is _LOST_ (and 2 more destinations) [images/p/images.yaml:3:5]; look`,
    ],
  ] satisfies [Failure, string][])('prints a failure on one line', (given, line) => {
    expect(failureLine(given)).toBe(line);
  });

  it('logs each failure as an error, and tells it to those who watch', () => {
    const { context, log, events } = testContext();
    tellFailures([failure, { ...failure, at }], context);
    expect(log).toEqual(['error it is _LOST_', 'error images/p/images.yaml:3:5: it is _LOST_']);
    const told = { type: 'failed', phase: failure.phase, code: failure.code, message: failure.message };
    expect(events).toEqual([told, { ...told, file: at.file, line: 3 }]);
  });

  it('logs how much is pending, and the images and edges for those who debug', () => {
    const { context, log } = testContext();
    const wanted = { name: 'app', source: 'a.test/app', digest: DIGEST, tags: ['v1', 'v2'], at, tagAt: () => at };
    const image: Pick<PlannedImage, 'wanted' | 'targets'> = {
      wanted,
      targets: [
        { repository: 'b.test/app', action: 'copy', tags: ['v1', 'v2'], isNew: true },
        { repository: 'c.test/app', action: 'tag', tags: ['v2'], isNew: false },
      ],
    };
    tellPending([image], new Map(), context);
    const edge = `debug edge a.test/app@${DIGEST} ->`;
    expect(log).toEqual([
      'info Pending promotions:',
      'info   1 image; --log-level=debug names them',
      `debug   a.test/app (${DIGEST}) to b.test/app:v1 and 2 more`,
      `${edge} b.test/app:v1: regular promotion (neither digest nor tag exists in dst)`,
      `${edge} b.test/app:v2: regular promotion (neither digest nor tag exists in dst)`,
      `${edge} c.test/app:v2: digest "${DIGEST}" already exists, but does not have the tag we want (v1, v2)`,
    ]);
  });

  it('logs the first of failures that have one cause, and tells all of them', () => {
    const { context, log, events } = testContext();
    const away = (image: string): Failure => ({
      phase: 'promote',
      code: 'NETWORK',
      message: `GET http://b.test/v2/${image}/manifests/v1: connect ECONNREFUSED`,
      image,
      digest: DIGEST,
    });
    tellFailures([away('one'), away('two'), away('three')], context);
    expect(log[0]).toMatch(/^error .*\/v2\/one\/.* \(the same for 2 more\)$/);
    expect(log.slice(1).every((line) => line.startsWith('debug '))).toBe(true);
    expect(events).toHaveLength(3);
  });

  it('tells which images are not known on which repositories', () => {
    const { context, events } = testContext();
    const wanted = { name: 'app', source: 'a.test/app', digest: DIGEST, tags: ['v1'], at, tagAt: () => at };
    const unread = [{ name: 'c.test/prod', error: new PromotionError('UNAUTHORIZED', '401') }];
    const details = { mirrors: ['b.test/prod', 'c.test/prod'], lacking: [], unread };
    tellPending([], new Map([[wanted, details]]), context);
    expect(events).toEqual([
      { type: 'image-unknown', image: 'app', digest: DIGEST, repositories: ['c.test/prod/app'] },
    ]);
  });

  it('says nothing where nothing is pending', () => {
    const { context, log } = testContext();
    tellPending([], new Map(), context);
    expect(log).toEqual([]);
  });
});
