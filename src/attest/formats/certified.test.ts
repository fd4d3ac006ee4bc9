import { describe, expect, it } from 'vitest';
import { contradiction, type Certified } from './certified.ts';
import { buildClaims } from './predicates.ts';

const COMMIT = 'c'.repeat(40);
const certified: Certified = {
  source: 'https://github.com/acme/app',
  commit: COMMIT,
  ref: 'refs/tags/v1',
  config: 'https://github.com/acme/app/.github/workflows/release.yaml@refs/tags/v1',
};

type Workflow = { readonly repository?: string; readonly path?: string; readonly ref?: string };

/** What GitHub's own attestations claim. */
function claims(workflow: Workflow = {}, commit = COMMIT): ReturnType<typeof buildClaims> {
  const {
    repository = 'https://github.com/acme/app',
    path = '.github/workflows/release.yaml',
    ref = 'refs/tags/v1',
  } = workflow;
  return buildClaims('https://slsa.dev/provenance/v1', {
    buildDefinition: {
      externalParameters: { workflow: { repository, path, ref } },
      resolvedDependencies: [
        { uri: `git+${repository}@${ref}`, digest: { gitCommit: commit } },
        { uri: 'git+https://github.com/other/tool', digest: { gitCommit: 'd'.repeat(40) } },
      ],
    },
    runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } },
  });
}

/** What slsa-github-generator claimed in v0.2. */
const older = (uri: string, sha1 = COMMIT): ReturnType<typeof buildClaims> =>
  buildClaims('https://slsa.dev/provenance/v0.2', {
    builder: { id: 'https://github.com/slsa-framework/slsa-github-generator/x@refs/tags/v1' },
    invocation: { configSource: { uri, digest: { sha1 }, entryPoint: '.github/workflows/release.yaml' } },
    materials: [{ uri, digest: { sha1 } }],
  });

describe('src/attest/formats/certified.ts', () => {
  it('finds no contradiction in the provenance of common builders', () => {
    const { config: _, ...withoutConfig } = certified;
    for (const honest of [
      claims(),
      claims({ repository: 'https://github.com/acme/app.git' }),
      claims({ ref: 'v1' }),
      older('git+https://github.com/acme/app@refs/tags/v1'),
    ])
      expect(contradiction(withoutConfig, honest)).toBeUndefined();
    expect(contradiction(certified, claims())).toBeUndefined();
  });

  it.each([
    ['another source', claims({ repository: 'https://github.com/evil/app' }), 'source'],
    ['another commit', claims({}, 'e'.repeat(40)), 'commit'],
    ['another ref', claims({ ref: 'refs/heads/main' }), 'ref'],
    ['another workflow', claims({ path: '.github/workflows/test.yaml' }), 'workflow'],
    ['another source in v0.2', older('git+https://github.com/evil/app@refs/tags/v1'), 'source'],
    ['another commit in v0.2', older('git+https://github.com/acme/app@refs/tags/v1', 'e'.repeat(40)), 'commit'],
  ])('finds %s', (_, claimed, what) => {
    expect(contradiction(certified, claimed)).toMatch(
      new RegExp(`^its provenance claims the ${what} .*, its certificate `),
    );
  });

  it('requires of provenance with several repositories only that it names the certified one', () => {
    const several = (...uris: readonly string[]): ReturnType<typeof buildClaims> =>
      buildClaims('https://slsa.dev/provenance/v1', {
        buildDefinition: {
          externalParameters: {},
          resolvedDependencies: uris.map((uri) => ({ uri, digest: { gitCommit: uri.includes('app') ? COMMIT : 'd' } })),
        },
        runDetails: { builder: { id: 'https://ci.example/builder' } },
      });
    const { config: _, ref: __, ...withoutRef } = certified;
    const lib = 'git+https://github.com/acme/lib';
    expect(contradiction(withoutRef, several('git+https://github.com/acme/app', lib))).toBeUndefined();
    expect(contradiction(withoutRef, several(lib))).toContain('its certificate https://github.com/acme/app');
  });

  it('parses refs that contain an @', () => {
    const ref = 'refs/tags/app@1.0.0';
    const tagged = { ...certified, ref, config: `https://github.com/acme/app/.github/workflows/release.yaml@${ref}` };
    expect(contradiction(tagged, claims({ ref }))).toBeUndefined();
    expect(contradiction(tagged, older(`git+https://github.com/acme/app@${ref}`))).toBeUndefined();
    expect(contradiction(tagged, claims({ ref: 'refs/tags/app@1.0.1' }))).toContain('claims the ref');
  });

  it('finds no contradiction with a certificate without build facts', () => {
    expect(contradiction({ source: 'https://github.com/acme/app' }, claims({}, 'e'.repeat(40)))).toBeUndefined();
  });
});
