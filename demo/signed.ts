import { attachedTo } from '../src/attest/attached/attached.ts';
import { openVerifier } from '../src/attest/verifying/verify.ts';
import { realClock } from '../src/clock.ts';
import { openRegistries } from '../src/cli/wiring/registries.ts';
import type { Digest } from '../src/image/digest.ts';
import type { LocalSigstore } from '../test/support/sigstore/local.ts';

/** Returns true if every digest has a signature in both forms and a record in its repository, and all verify. */
export async function areSigned(
  places: readonly (readonly [repository: string, digest: Digest])[],
  { trustedRoot }: Pick<LocalSigstore, 'trustedRoot'>,
): Promise<boolean> {
  const opened = openRegistries({ env: {}, clock: realClock(), narrate: () => undefined, random: Math.random });
  const verifier = await openVerifier({ trustedRoot });
  const call = { signal: new AbortController().signal };
  try {
    const found = await Promise.all(
      places.map(async ([repository, digest]) => {
        const attached = await attachedTo(opened.registry, verifier, repository, digest, call);
        const good = attached.filter(({ verdict }) => verdict.status === 'verified');
        return good
          .map(({ kind, form }) => `${kind} ${form}`)
          .toSorted()
          .join(', ');
      }),
    );
    return found.every((one) => one === 'record bundle, signature bundle, signature sig');
  } finally {
    await opened.close();
  }
}
