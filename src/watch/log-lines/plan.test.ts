import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { PromotionError } from '../../errors.ts';
import type { PlannedImage } from '../../plan/desired/assemble.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const at = { file: 'images/p/images.yaml', line: 3, column: 5 };

describe('src/watch/log-lines/plan.ts', () => {
  it('logs how much is pending, and the images and edges at debug', () => {
    const { context, log } = testContext();
    const wanted = { name: 'app', source: 'a.test/app', digest: DIGEST, tags: ['v1', 'v2'], at, tagPositions: [] };
    const image: PlannedImage = {
      wanted,
      targets: [
        { repository: 'b.test/app', action: 'copy', tags: ['v1', 'v2'], isNew: true },
        { repository: 'c.test/app', action: 'tag', tags: ['v2'], isNew: false },
      ],
    };
    context.emit({ type: 'promotions-planned', images: 1 });
    context.emit({ type: 'images-planned', images: [image], details: new Map() });
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

  it('emits a public event for an image whose repositories could not be read', () => {
    const { context, events } = testContext();
    const wanted = { name: 'app', source: 'a.test/app', digest: DIGEST, tags: ['v1'], at, tagPositions: [] };
    const unread = [{ name: 'c.test/prod', error: new PromotionError('UNAUTHORIZED', '401') }];
    const details = { mirrors: ['b.test/prod', 'c.test/prod'], lacking: [], unread };
    context.emit({ type: 'images-planned', images: [], details: new Map([[wanted, details]]) });
    expect(events).toEqual([
      { type: 'image-unknown', image: 'app', digest: DIGEST, repositories: ['c.test/prod/app'] },
    ]);
  });

  it('logs nothing when nothing is pending', () => {
    const { context, log } = testContext();
    context.emit({ type: 'promotions-planned', images: 0 });
    context.emit({ type: 'images-planned', images: [], details: new Map() });
    expect(log).toEqual([]);
  });

  it('logs how many digests are examined, and an estimate when that takes long', () => {
    const { context, log } = testContext();
    context.emit({ type: 'candidates-listed', count: 2, since: 1, rate: 60 });
    context.emit({ type: 'candidates-listed', count: 36_000, since: 'all', rate: 60 });
    expect(log).toEqual([
      'info Looking at 2 digests (complete, and young enough for --repair-since) for missing signatures and records',
      'info Looking at 36000 digests (all that are complete) for missing signatures and records; at 60 requests a second this takes 10m0s',
    ]);
  });

  it('logs how many digests are left and why, and omits empty counts', () => {
    const { context, log } = testContext();
    context.emit({ type: 'candidates-left', older: 0, undated: 0 });
    expect(log).toEqual([]);
    context.emit({ type: 'candidates-left', older: 3, undated: 1 });
    expect(log).toEqual([
      'info 3 digests without a .sig tag older than --repair-since: counted, not signed',
      'info 1 digest without a .sig tag of unknown age, as neither Git nor the registry tells: only what this run copies or tags is signed',
    ]);
  });
});
