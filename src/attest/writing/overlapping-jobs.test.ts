import { describe, expect, it } from 'vitest';
import { digestSigning, signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import { realClock, type Clock } from '../../clock.ts';
import { fallbackTag } from '../../registry/attaching/attacher.ts';
import { subjectLock } from '../../registry/attaching/lock.ts';
import { attachedTo } from '../attached/attached.ts';
import { signDigest, type DigestSigning } from './sign-digest.ts';

const REFERENCE = 'registry.example/app';

/** A clock on which every look is a second after the one before: no list that was read is young. */
function slowClock(): Clock {
  let looks = 0;
  return { ...realClock(), now: () => (looks += 1000) };
}

/** The services of another job, which shares nothing but the registry. */
function otherJob(world: SignedWorld): Promise<DigestSigning> {
  const lock = subjectLock(async () => undefined);
  return digestSigning(world.registry, world.signing, 'both', lock, slowClock());
}

function sign(
  { repository, subject: { digest }, call }: SignedWorld,
  job: DigestSigning,
): ReturnType<typeof signDigest> {
  return signDigest(job, { repository, digest, reference: REFERENCE }, call);
}

/** The job, which waits with its signature until the promise resolves: it has read what is there by then. */
function waiting(job: DigestSigning, until: Promise<unknown>, onRead: () => void): DigestSigning {
  const { signer } = job;
  const wait = async (): Promise<void> => {
    onRead();
    await until;
  };
  return {
    ...job,
    signer: {
      ...signer,
      signPayload: async (...args) => wait().then(() => signer.signPayload(...args)),
      signStatement: async (...args) => wait().then(() => signer.signStatement(...args)),
    },
  };
}

const signatures = async ({ registry, services, repository, subject, call }: SignedWorld): Promise<readonly string[]> =>
  (await attachedTo(registry, services.verifier, repository, subject.digest, call))
    .map(({ form, kind }) => `${form} ${kind}`)
    .toSorted();

describe('two jobs without a common lock', () => {
  it.each([true, false])(
    'leave one signature in each form when one signs while the other does (referrers API: %s)',
    async (referrers) => {
      const world = await signedWorld({ registry: { referrers } });
      const [first, second] = [await otherJob(world), await otherJob(world)];
      const [done, hasRead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const late = sign(world, waiting(second, done.promise, hasRead.resolve));
      await hasRead.promise;
      await sign(world, first);
      done.resolve();
      await late;
      expect(await signatures(world)).toEqual(['bundle signature', 'sig signature']);
    },
  );

  it('leave one signature in each form in a registry without lists, whoever writes the list last', async () => {
    const world = await signedWorld({ registry: { referrers: false } });
    const jobs = await Promise.all([1, 2, 3].map(() => otherJob(world)));
    await Promise.all(jobs.map((job) => sign(world, job)));
    expect(await signatures(world)).toEqual(['bundle signature', 'sig signature']);
    const list = await world.registry.readManifest(world.repository, fallbackTag(world.subject.digest), world.call);
    expect(list).toBeDefined();
  });
});
