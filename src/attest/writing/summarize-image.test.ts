import { describe, expect, it } from 'vitest';
import { signedWorld } from '../../../test/support/attached.ts';
import { buildAttestation, buildImage, buildIndex, type BuiltImage } from '../../../test/support/registry/images.ts';
import type { Digest } from '../../image/digest.ts';
import { attachedTo } from '../attached/attached.ts';
import type { Summarized, SummarySigning } from './summarize-digest.ts';
import { summarizeImage } from './summarize-image.ts';
import { VERIFICATION_SUMMARY, type SummaryFacts } from '../formats/summary.ts';

const digestIn = ({ manifest }: BuiltImage): Digest => manifest.descriptor.digest;
const amd64 = buildImage({ seed: 1 });
const arm64 = buildImage({ seed: 2, platform: 'linux/arm64' });
const listed = buildImage({ seed: 3, platform: 'linux/s390x' });
const deep = buildImage({ seed: 4, platform: 'linux/ppc64le' });
const nested = buildIndex([deep]);
const buildKit = buildAttestation(amd64);
const unknown = buildImage({ seed: 5, platform: 'unknown/unknown' });
const index = buildIndex([amd64, arm64, listed, nested, buildKit, unknown]);

const facts = (digest: Digest, level: 0 | 3 | 'unevaluated'): SummaryFacts => ({
  reference: 'prod.test/app',
  digest,
  version: 'v1.0.0',
  time: Date.UTC(2026, 0, 1),
  policies: [{ name: 'a.yaml', uri: 'git+https://git.test/a', gitCommit: 'a'.repeat(40) }],
  inputs: [],
  outcome: { result: 'PASSED', level },
});

type World = {
  summarize(level?: 3 | 'unevaluated'): Promise<Summarized>;
  /** Which of these have a summary. */
  summarized(...images: readonly BuiltImage[]): Promise<readonly boolean[]>;
  readonly writes: () => number;
};

async function world(): Promise<World> {
  const { services, repository, registry, call, effects } = await signedWorld({ image: index });
  const signing: SummarySigning = { ...services, summarySigner: services.signer, supersede: false };
  const has = async (image: BuiltImage): Promise<boolean> => {
    const all = await attachedTo(registry, services.verifier, repository, digestIn(image), call);
    const types = all.map(({ verdict }) => verdict.predicateType);
    return types.filter((type) => type === VERIFICATION_SUMMARY).length === 1;
  };
  return {
    summarize: (level = 3) => {
      const factsOf = (digest: Digest): SummaryFacts => facts(digest, level);
      const image = { repository, digest: digestIn(index), listed: new Set([digestIn(listed)]), factsOf };
      return summarizeImage(signing, image, call);
    },
    summarized: (...images) => Promise.all(images.map(has)),
    writes: () => effects().writes,
  };
}

describe('src/attest/writing/summarize-image.ts', () => {
  it("summarizes an index and all its platforms except those with their own entries and BuildKit's attestations", async () => {
    const given = await world();
    expect(await given.summarize()).toBe('written');
    expect(await given.summarized(index, amd64, arm64, nested, deep, unknown)).toEqual(Array(6).fill(true));
    expect(await given.summarized(listed, buildKit)).toEqual([false, false]);
    const writes = given.writes();
    expect(await given.summarize()).toBe('there');
    expect(given.writes()).toBe(writes);
  });

  it('returns stuck if one of them is', async () => {
    const given = await world();
    await given.summarize('unevaluated');
    expect(await given.summarize()).toBe('stuck');
  });
});
