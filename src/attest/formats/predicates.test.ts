import { describe, expect, it } from 'vitest';
import { buildClaims, kindOfPredicate } from './predicates.ts';

const V1 = 'https://slsa.dev/provenance/v1';
const V02 = 'https://slsa.dev/provenance/v0.2';
const BUILDER = 'https://github.com/acme/builder/.github/workflows/build.yaml@refs/heads/main';

const v1 = (externalParameters: unknown, resolvedDependencies: unknown = []): unknown => ({
  buildDefinition: { buildType: 'https://example.com/build', externalParameters, resolvedDependencies },
  runDetails: { builder: { id: BUILDER } },
});

const buildFacts = (type: string, predicate: unknown): { builder?: string; sources: readonly string[] } => {
  const { builder, sources } = buildClaims(type, predicate);
  return { sources, ...(builder !== undefined && { builder }) };
};

describe('src/attest/formats/predicates.ts', () => {
  it.each([
    ['https://sigstore.dev/cosign/sign/v1', 'signature'],
    ['https://k8s.io/promo-tools/promotion/v1', 'record'],
    ['https://slsa.dev/provenance/v0.1', 'provenance'],
    [V02, 'provenance'],
    [V1, 'provenance'],
    ['https://slsa.dev/verification_summary/v1', 'summary'],
    ['https://spdx.dev/Document', 'sbom'],
    ['https://spdx.dev/Document/v2.3', 'sbom'],
    ['https://cyclonedx.org/bom', 'sbom'],
    ['https://cyclonedx.org/bom/v1.6', 'sbom'],
    ['https://openvex.dev/ns/v0.2.0', 'vex'],
    ['https://cosign.sigstore.dev/attestation/vuln/v1', 'vulnerabilities'],
    ['https://in-toto.io/attestation/vulns/v0.2', 'vulnerabilities'],
    ['https://in-toto.io/attestation/link/v0.3', 'other'],
    ['https://slsa.dev.example/provenance/v1', 'other'],
    ['', 'other'],
    [undefined, 'other'],
  ])('maps %s to %s', (type, kind) => {
    expect(kindOfPredicate(type)).toBe(kind);
  });

  it.each([
    [
      'GitHub',
      { workflow: { repository: 'https://github.com/acme/app', ref: 'refs/tags/v1', path: '.github/x.yaml' } },
      'git+https://github.com/acme/app@refs/tags/v1',
    ],
    ['slsa-github-generator', { source: { uri: 'git+https://github.com/acme/app@refs/heads/main' }, workflow: {} }],
    ['GitLab', { source: 'https://gitlab.com/acme/app', entryPoint: 'build' }, 'git+https://gitlab.com/acme/app'],
    [
      'Cloud Build',
      {
        buildConfigSource: { repository: 'git+https://github.com/acme/config' },
        sourceToBuild: { repository: 'git+https://github.com/acme/app', ref: 'refs/heads/main' },
      },
    ],
    ['BuildKit', { configSource: { uri: 'https://github.com/acme/app.git#refs/heads/main' } }],
  ])('reads the source in %s', (_, parameters, source = 'git+https://github.com/acme/app@refs/heads/main') => {
    const dependencies = [{ uri: 'git+https://github.com/acme/library@refs/heads/main' }];
    expect(buildFacts(V1, v1(parameters, dependencies))).toEqual({ builder: BUILDER, sources: [source] });
  });

  it('uses the repositories among the materials if the build declares no source', () => {
    const used = [
      { uri: 'git+https://github.com/acme/app@refs/heads/main', digest: { gitCommit: '1' } },
      { uri: 'https://github.com/acme/app.git', digest: { sha1: '2' } },
      { uri: 'git+https://github.com/acme/app', digest: null },
      { uri: 'pkg:docker/alpine@3.20', digest: { sha256: '3' } },
      { digest: { gitCommit: '4' } },
    ];
    const sources = ['git+https://github.com/acme/app@refs/heads/main', 'git+https://github.com/acme/app'];
    expect(buildFacts(V1, v1({}, used))).toEqual({ builder: BUILDER, sources });
    expect(buildFacts(V02, { builder: { id: BUILDER }, materials: used })).toEqual({ builder: BUILDER, sources });
  });

  it('reads the source of v0.2 and v0.1', () => {
    const uri = 'git+https://github.com/acme/app@refs/heads/main';
    const materials = [{ uri: 'git+https://github.com/acme/library' }, { uri }];
    const invocation = { configSource: { uri, digest: { sha1: '1' }, entryPoint: 'build' } };
    expect(buildFacts(V02, { builder: { id: BUILDER }, invocation, materials }).sources).toEqual([uri]);
    const recipe = { type: 'https://example.com', definedInMaterial: 1 };
    expect(buildFacts('https://slsa.dev/provenance/v0.1', { builder: { id: BUILDER }, recipe, materials })).toEqual({
      builder: BUILDER,
      sources: [uri],
    });
  });

  it.each([
    ['nothing', undefined],
    ['no builder', { builder: {}, materials: [] }],
    ['an empty builder', { builder: { id: '' } }],
    ['text', 'provenance'],
    ['a list', []],
  ])('returns no claims for a predicate that is %s', (_, predicate) => {
    expect(buildFacts(V1, predicate)).toEqual({ sources: [] });
  });

  it('returns the builder without a source if the parameters have another format', () => {
    for (const parameters of [null, { source: 7 }, { workflow: null }, { source: { uri: 3 } }])
      expect(buildFacts(V1, v1(parameters, []))).toEqual({ builder: BUILDER, sources: [] });
  });

  it('returns no claims for provenance that other programs read differently', () => {
    const good = v1({}, []) as { buildDefinition: object; runDetails: object };
    const { buildDefinition, runDetails } = good;
    expect(buildFacts(V1, good)).toEqual({ builder: BUILDER, sources: [] });
    for (const odd of [
      v1('text', []),
      v1({}, 'text'),
      v1({}, [{ uri: 7 }]),
      { ...good, RunDetails: { builder: { id: 'https://other.example' } } },
      { buildDefinition, runDetails: { ...runDetails, Builder: { id: 'https://other.example' } } },
    ])
      expect(buildFacts(V1, odd)).toEqual({ sources: [] });
  });

  it.each<[string, string, unknown, string | undefined]>([
    [
      'v1',
      V1,
      { ...(v1({}) as object), runDetails: { builder: { id: BUILDER }, metadata: { invocationId: 'run' } } },
      'run',
    ],
    ['v1 without', V1, v1({}), undefined],
    [
      'v1 with an empty one',
      V1,
      { ...(v1({}) as object), runDetails: { builder: { id: BUILDER }, metadata: { invocationId: '' } } },
      undefined,
    ],
    ['v0.2', V02, { builder: { id: BUILDER }, metadata: { buildInvocationId: 'run' } }, 'run'],
    ['v0.2 as Go programs spell it', V02, { builder: { id: BUILDER }, metadata: { buildInvocationID: 'run' } }, 'run'],
    [
      'v0.2 without',
      V02,
      { builder: { id: BUILDER }, metadata: { buildStartedOn: '2026-01-01T00:00:00Z' } },
      undefined,
    ],
    ['v0.2 with that of v1', V02, { builder: { id: BUILDER }, metadata: { invocationId: 'run' } }, undefined],
  ])('reads the invocation of %s', (_, type, predicate, invocation) => {
    const claims = buildClaims(type, predicate);
    expect([claims.builder, claims.invocation]).toEqual([BUILDER, invocation]);
  });

  it.each([
    ['spelt in both ways', { buildInvocationId: 'run', buildInvocationID: 'another' }],
    ['that is no text', { buildInvocationId: 7 }],
  ])('returns no claims for provenance with an invocation %s', (_, metadata) => {
    expect(buildClaims(V02, { builder: { id: BUILDER }, metadata })).toEqual({ sources: [], commits: [] });
  });

  it('reads no builder from a predicate of another type', () => {
    expect(buildFacts('https://spdx.dev/Document', v1({ source: 'https://github.com/acme/app' }))).toEqual({
      sources: [],
    });
  });
});
