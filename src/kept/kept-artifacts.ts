import { pullArtifact, pushArtifact, type ArtifactTag } from '../registry/artifact.ts';
import type { Call, Registry } from '../registry/roles.ts';
import { MAX_KEPT_BYTES, type KeptFiles } from './kept-files.ts';

const ARTIFACT_TYPE = 'application/vnd.kpromo.kept.v1';

/**
 * Keeps each file as an artifact of one repository. Each has its own tag, `TAG.NAME`, so that jobs that write different
 * files do not overwrite each other's.
 */
export function keptArtifacts(registry: Registry, { repository, tag }: ArtifactTag, call: Call): KeptFiles {
  const tagOf = (name: string): string => `${tag}.${name}`;
  return {
    placeOf: (name) => `${repository}:${tagOf(name)}`,
    read: async (name) => {
      const limits = { maxBytes: MAX_KEPT_BYTES, artifactType: ARTIFACT_TYPE };
      const artifact = await pullArtifact(registry, repository, tagOf(name), limits, call);
      return artifact?.files.get(name);
    },
    write: async (name, bytes) => {
      const layers = [{ title: name, mediaType: 'application/json', bytes }];
      const written = { ...call, destination: 'written' as const };
      await pushArtifact(registry, { repository, tag: tagOf(name) }, { artifactType: ARTIFACT_TYPE, layers }, written);
    },
  };
}
