import type { Failure } from '../../errors.ts';
import type { Problem, Warning } from '../../manifest/manifest.ts';

/** Returns a problem or warning of the manifests as a failure of the first phase. */
export function problemFailure({ code, message, hint, position, image, digest }: Problem | Warning): Failure {
  return {
    phase: 'setup',
    code,
    message,
    hint,
    ...(code !== 'MANIFEST_NOT_FOUND' && { at: position }),
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
  };
}

/** Marks a failure that the tree before has, too. */
export function asInBase(failure: Failure): Failure {
  return { ...failure, inBase: true };
}
