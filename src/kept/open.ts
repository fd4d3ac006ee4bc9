import type { ArtifactTag } from '../registry/artifact.ts';
import type { Call, Registry } from '../registry/roles.ts';
import { keptArtifacts } from './kept-artifacts.ts';
import type { KeptFiles } from './kept-files.ts';
import { keptFolder } from './kept-folder.ts';

/** A folder, or the tag of a repository from which the tags of the files are derived. */
export type KeptPlace = { readonly folder: string } | ArtifactTag;

/** Opens a place. Sends no request and reads no file. */
export function openKept(place: KeptPlace, registry: Registry, call: Call): KeptFiles {
  return 'folder' in place ? keptFolder(place.folder) : keptArtifacts(registry, place, call);
}
