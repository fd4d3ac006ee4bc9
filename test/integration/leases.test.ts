import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { openLock } from '../../src/cli/wiring/locks.ts';
import { realClock } from '../../src/clock.ts';
import type { RunEvent } from '../../src/events.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { parseRedisAddress } from '../../src/redis/address.ts';
import { attacher, fallbackTag, type Attachment } from '../../src/registry/attaching/attacher.ts';
import { oddRegistry } from '../support/odd-registry.ts';
import { orSkip } from '../support/programs.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { buildAttachment } from '../support/registry/attachments.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';

type Process = { attach(attachment: Attachment): Promise<void> };

/** Two processes that write to one registry without lists of referrers. */
async function world(test: TestContext): Promise<{
  readonly redis: RedisServer;
  readonly processes: readonly [Process, Process];
  readonly attachments: readonly Attachment[];
  readonly warnings: readonly string[];
  list(): Promise<readonly string[]>;
  /** How often the fallback tag was written. */
  writes(): number;
}> {
  const redis = await orSkip(test, () => startRedis());
  onTestFinished(redis.stop);
  const odd = await oddRegistry({ referrers: false });
  const subject = storeImage(odd.server.store, 'app', buildImage({ seed: 1 }), ['v1']);
  const repository = `${odd.host}/app`;
  const clock = realClock();
  const warnings: string[] = [];
  const narrate = (event: RunEvent): void => {
    if (event.type === 'log' && event.level === 'warning') warnings.push(event.message);
  };
  const process = (): Process => {
    const pause = jitteredPause(clock, Math.random);
    const { lock, close } = openLock({ address: parseRedisAddress(redis.url) }, { clock, narrate, pause });
    onTestFinished(close);
    const { attach } = attacher(odd.registry, lock);
    return { attach: (attachment) => attach(repository, attachment, odd.call) };
  };
  const tag = fallbackTag(subject.digest);
  return {
    redis,
    writes: () =>
      odd.server.counters.log.filter(({ kind, reference }) => kind === 'putManifest' && reference === tag).length,
    warnings,
    processes: [process(), process()],
    attachments: Array.from({ length: 22 }, (_, index) => buildAttachment({ seed: 100 + index, subject })),
    list: async () =>
      (await odd.registry.listReferrers(repository, subject.digest, odd.call)).map(({ digest }) => digest).toSorted(),
  };
}

const digestsOf = (attachments: readonly Attachment[]): readonly string[] =>
  attachments.map(({ manifest }) => manifest.descriptor.digest).toSorted();

describe('two processes that attach to one image', () => {
  it('R15 never write over each other with a common limiter', async (test) => {
    const { processes, attachments, warnings, list, writes } = await world(test);
    await Promise.all(attachments.map((attachment, index) => processes[index % 2 === 0 ? 0 : 1].attach(attachment)));
    expect(await list()).toEqual(digestsOf(attachments));
    expect(writes()).toBe(attachments.length);
    expect(warnings).toEqual([]);
  });

  it('go on when the limiter is lost, and say so once each', async (test) => {
    const { redis, processes, attachments, warnings, list } = await world(test);
    const few = attachments.slice(0, 5);
    // One after the other, as the warning asks for.
    for (const [index, attachment] of few.entries()) {
      if (index === 1) await redis.stop();
      await processes[index % 2 === 0 ? 0 : 1].attach(attachment);
    }
    expect(await list()).toEqual(digestsOf(few));
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('run no other job that signs or replicates');
    expect(warnings[0]).toContain(`:${redis.port}`);
  });
});
