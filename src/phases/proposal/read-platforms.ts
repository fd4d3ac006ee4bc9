import { z } from 'zod';
import { joinRepository } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { BlobReader } from '../../registry/roles.ts';
import type { Added } from './added.ts';

/** Configs of images have some kilobytes; a larger one is not read. */
const MAX_CONFIG = 1024 * 1024;

// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
const Config = z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().nullish() });

/** Returns the additions with the platform of each image that is not an index. Reads its config: one request each. */
export async function readPlatforms(
  registry: BlobReader,
  source: string,
  all: readonly Added[],
  { signal }: Context,
): Promise<readonly Added[]> {
  const read: Added[] = [];
  for (const one of all) {
    const { name, config, platforms } = one;
    if (config === undefined || platforms.length > 0 || config.size > MAX_CONFIG) read.push(one);
    else {
      const chunks: Uint8Array[] = [];
      for await (const chunk of registry.readBlob(joinRepository(source, name), config, { signal })) chunks.push(chunk);
      read.push({ ...one, platforms: platformIn(Buffer.concat(chunks)) });
    }
  }
  return read;
}

function platformIn(bytes: Buffer): readonly string[] {
  const { os, architecture, variant } = Config.safeParse(jsonOf(bytes)).data ?? {};
  const platform = [os, architecture, variant].filter(Boolean).join('/');
  return platform === '' ? [] : [platform];
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
