import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { attachedTo } from '../../../src/attest/attached/attached.ts';
import { openSigning, type Signing } from '../../../src/attest/signing/open.ts';
import { digestOpener, imageSigning } from '../../../src/cli/wiring/image-signing.ts';
import { imageVouching } from '../../../src/cli/wiring/attestations.ts';
import { cosignTag } from '../../../src/image/cosign-tag.ts';
import { joinRepository } from '../../../src/image/reference.ts';
import type { RunReport } from '../../../src/report/model/report.ts';
import { hasCopies, type AttachmentRule } from '../../../src/plan/places/attachments.ts';
import { attachedBy } from '../../../src/plan/replication.ts';
import { runPromotion } from '../../../src/promotion.ts';
import { memoryRegistry, type MemoryCall, type MemoryRegistry } from '../memory-registry/memory.ts';
import { imagesIn } from '../../../src/registry/image/platforms.ts';
import { subjectLock } from '../../../src/registry/attaching/lock.ts';
import { fakeClock } from '../fake-clock.ts';
import { homeWith } from '../home.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../registry/images.ts';
import { loadedTree, type ProjectSpec } from './tree.ts';
import { TRUSTS_NOBODY } from './trust.ts';

const nowhere = (): never => {
  throw new Error('this test sends nothing');
};

/** Signs with a key, and sends nothing. */
export async function keySigning(): Promise<Signing> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const home = await homeWith({ 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  const clock = fakeClock({ skipWaits: true });
  return openSigning({
    clock,
    fetch: nowhere,
    reserve: nowhere,
    pause: async () => undefined,
    home,
    env: {},
    google: { present: async () => false, token: nowhere },
    key: join(home, 'key.pem'),
    tlogUpload: false,
  });
}

/** A staging registry, a primary and a mirror in memory. */
type TagsLastWorld = {
  readonly registry: MemoryRegistry;
  /** All calls so far, those of staging apart. */
  readonly calls: readonly MemoryCall[];
  /** Promotes; `before` runs ahead of each call to a destination, which it may fail. */
  promote(
    before?: (call: MemoryCall, nth: number) => void,
    tagsLast?: boolean,
    signal?: AbortSignal,
  ): Promise<RunReport>;
  /** The tags that answer although nothing verifies them, and how many tags answer at all. */
  unverified(): Promise<{ readonly wrong: readonly string[]; readonly tags: number }>;
};

const STAGING = 'staging.test';
const DESTINATIONS = ['primary.test', 'mirror.test'];

const app = buildImage({ seed: 1 });
const tool = buildMultiPlatform({ seed: 10 }, ['linux/amd64']);

/** Opens registries in which nothing is promoted, with an index in staging, and `both` an image, too; `attachments` say what is routed. */
export function tagsLastWorld(
  signing: Signing,
  {
    attachments = [],
    both = false,
    format = 'both',
  }: {
    readonly attachments?: readonly AttachmentRule[];
    readonly both?: boolean;
    readonly format?: 'both' | 'bundle';
  } = {},
): TagsLastWorld {
  const calls: MemoryCall[] = [];
  let hook: (call: MemoryCall, nth: number) => void = () => undefined;
  const registry = memoryRegistry({
    listing: () => 'tags',
    before: (call) => {
      if (call.repository.startsWith(`${STAGING}/`)) return;
      calls.push(call);
      hook(call, calls.length);
    },
  });
  storeImage(registry.store(STAGING), 'staging/app', app);
  storeImage(registry.store(STAGING), 'staging/tool', tool);
  const project: ProjectSpec = {
    name: 'p',
    from: `${STAGING}/staging`,
    to: DESTINATIONS.map((host) => `${host}/prod`),
    entries: [
      ['tool', tool.manifest.descriptor.digest, 'v2', 'latest'],
      ...(both ? [['app', app.manifest.descriptor.digest, 'v1'] as const] : []),
    ],
  };
  const clock = fakeClock({ skipWaits: true });
  const pause = async (): Promise<void> => undefined;
  const never = new AbortController().signal;
  return {
    registry,
    calls,
    promote: async (before = () => undefined, tagsLast = true, signal = never) => {
      hook = before;
      calls.length = 0;
      // each run is a process of its own: nothing is remembered but what the registries hold
      const lock = subjectLock(pause);
      const flags = {
        tlogUpload: false,
        signatureFormat: format,
        signTagless: false,
        maxSignatureOps: 4,
        trustedRoots: [],
      } as const;
      const parts = { registry, lock, isRouted: () => false };
      const given = {
        signing,
        registries: parts,
        clock,
        version: 'v1.0.0',
        flags,
        facts: async () => (name: string) => ({ name }),
      };
      const opener = digestOpener(given);
      const signatures = {
        ...imageSigning(given, opener),
        ...imageVouching({ opener, carrySboms: false }),
        rules: { since: 'all' as const },
        young: async () => undefined,
        identity: () => signing.identity(never),
        wantsTag: () => format === 'both',
        rate: 60,
      };
      try {
        return await runPromotion(
          { mode: 'promote', threads: 4, version: 'v1.0.0' },
          {
            load: async () => loadedTree([project]),
            registry,
            pause,
            trust: TRUSTS_NOBODY,
            signatures,
            ...(tagsLast && {
              tagsLast: { lock, copies: 4, hasCopies: (mirror: string) => hasCopies(mirror, attachments) },
            }),
          },
          { clock, emit: () => undefined, signal },
        );
      } finally {
        hook = () => undefined;
      }
    },
    unverified: async () => {
      const verifier = await signing.verifier(never);
      const call = { signal: never };
      const wrong: string[] = [];
      let tags = 0;
      for (const host of DESTINATIONS) {
        const place = attachments.length > 0 ? DESTINATIONS[0] : host;
        for (const path of ['prod/app', 'prod/tool']) {
          for (const [tag, digest] of registry.store(host).repository(path)?.tags ?? []) {
            if (attachedBy(tag) !== undefined) continue;
            tags += 1;
            const repository = joinRepository(place ?? host, path);
            const root = await registry.readManifest(repository, digest, call);
            const subjects =
              root === undefined
                ? []
                : await imagesIn(root, repository, (one) => registry.readManifest(repository, one, call));
            for (const subject of subjects) {
              const attached = await attachedTo(registry, verifier, repository, subject.digest, call);
              const good = attached.filter(
                ({ kind, verdict }) => kind === 'signature' && verdict.status === 'verified',
              );
              if (good.length === 0) wrong.push(`${host}/${path}:${tag} ${cosignTag(subject.digest, 'sig')}`);
            }
            if (subjects.length === 0) wrong.push(`${host}/${path}:${tag}`);
          }
        }
      }
      return { wrong, tags };
    },
  };
}
