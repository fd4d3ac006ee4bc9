import type { Failure } from '../errors.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { LoadedManifests, Problem } from '../manifest/manifest.ts';
import type { ImageSet } from '../plan/desired.ts';
import { findDisputes } from '../plan/disputes.ts';
import { wantedBy } from '../plan/wanted.ts';
import { tellFailures } from './tell.ts';

/** What a tree wants, and what of it cannot be done whatever the registries hold. */
export type Loaded = {
  readonly phase: 'setup';
  readonly sets: readonly ImageSet[];
  readonly failures: readonly Failure[];
};

export type SetupServices = {
  /** Reads the manifest tree; content that is wrong comes back as problems. */
  readonly load: () => Promise<LoadedManifests>;
};

/** Loads the manifests and finds what is wrong with them without asking anybody. */
export const setup = ({ load }: SetupServices): Phase<undefined, Loaded> => ({
  name: 'setup',
  run: async (_, context) => {
    const { projects, problems } = await load();
    const sets = wantedBy(projects);
    const failures = [...problems.map(failureOf), ...findDisputes(sets)];
    tellFailures(failures, context);
    return { phase: 'setup', sets, failures };
  },
});

function failureOf({ code, message, hint, position, image, digest }: Problem): Failure {
  return {
    phase: 'setup',
    code,
    message,
    hint,
    at: position,
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
  };
}
