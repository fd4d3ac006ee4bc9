import { describe, expect, it } from 'vitest';
import { digestOf } from '../../image/digest.ts';
import { jobFact, recordPredicate, repositoryUri, type RecordFacts } from './record.ts';

const digest = digestOf(Buffer.from('an image'));
const hex = digest.slice('sha256:'.length);

const FACTS: RecordFacts = {
  source: 'gcr.io/k8s-staging-foo/foo',
  reference: 'registry.k8s.io/foo',
  digest,
  tags: ['v1.0.1', 'v1.0.0'],
  time: Date.UTC(2026, 8, 17, 7, 0, 0, 999),
  manifest: {
    name: 'registry.k8s.io/images/k8s-staging-foo/images.yaml',
    uri: 'git+https://github.com/kubernetes/k8s.io',
    gitCommit: '0123456789abcdef0123456789abcdef01234567',
  },
  promoter: { version: 'v4.6.0', gitCommit: '89abcdef0123456789abcdef0123456789abcdef' },
  job: { name: 'post-k8sio-image-promo', type: 'postsubmit', buildId: '1', prowJobId: 'an-id' },
};

describe('src/attest/formats/record.ts', () => {
  it("writes upstream's record", () => {
    expect(recordPredicate(FACTS)).toEqual({
      srcRef: `gcr.io/k8s-staging-foo/foo@${digest}`,
      dstRef: 'registry.k8s.io/foo',
      digest,
      timestamp: '2026-09-17T07:00:00Z',
      builderId: 'https://k8s.io/promo-tools@v4.6.0',
      tags: ['v1.0.0', 'v1.0.1'],
      source: { name: 'gcr.io/k8s-staging-foo/foo', digest: { sha256: hex } },
      destination: { name: 'registry.k8s.io/foo', digest: { sha256: hex } },
      manifest: {
        name: 'registry.k8s.io/images/k8s-staging-foo/images.yaml',
        uri: 'git+https://github.com/kubernetes/k8s.io',
        digest: { gitCommit: '0123456789abcdef0123456789abcdef01234567' },
      },
      promoter: { version: 'v4.6.0', gitCommit: '89abcdef0123456789abcdef0123456789abcdef' },
      job: { name: 'post-k8sio-image-promo', type: 'postsubmit', buildId: '1', prowJobId: 'an-id' },
    });
  });

  it('omits unknown or empty facts', () => {
    const { source: _source, manifest: _manifest, job: _job, ...rest } = FACTS;
    const record = recordPredicate({ ...rest, tags: [], promoter: { version: 'v4.6.0' } });
    expect(Object.keys(JSON.parse(JSON.stringify(record)) as object).toSorted()).toEqual(
      ['builderId', 'destination', 'digest', 'dstRef', 'promoter', 'timestamp'].toSorted(),
    );
    expect(record['promoter']).toEqual({ version: 'v4.6.0' });
    expect(recordPredicate({ ...FACTS, manifest: { name: 'images.yaml' } })['manifest']).toEqual({
      name: 'images.yaml',
    });
  });

  it("does not use upstream's builder ID for other registries", () => {
    const elsewhere = { ...FACTS, reference: 'images.acme.dev/foo' };
    expect(recordPredicate(elsewhere)['builderId']).toBe('pkg:npm/kpromo@4.6.0');
    const named = { ...elsewhere, promoter: { version: 'v4.6.0', builderId: 'https://acme.dev/promoter' } };
    expect(recordPredicate(named)['builderId']).toBe('https://acme.dev/promoter');
    expect(recordPredicate({ ...FACTS, reference: 'registry.k8s.io.evil.dev/foo' })['builderId']).toBe(
      'pkg:npm/kpromo@4.6.0',
    );
  });

  it("reads Prow's job from the environment, if there is one", () => {
    const env = { JOB_NAME: 'post-x', JOB_TYPE: 'postsubmit', BUILD_ID: '7', PROW_JOB_ID: 'p' };
    expect(jobFact(env)).toEqual({ name: 'post-x', type: 'postsubmit', buildId: '7', prowJobId: 'p' });
    expect(jobFact({ JOB_NAME: 'post-x', BUILD_ID: '' })).toEqual({ name: 'post-x' });
    expect(jobFact({ JOB_TYPE: 'postsubmit' })).toBeUndefined();
  });

  it.each([
    ['https://user:secret@git.acme.dev/acme/images.git', 'git+https://git.acme.dev/acme/images'],
    ['https://git.acme.dev:8443/acme/images/', 'git+https://git.acme.dev:8443/acme/images'],
    ['git@github.com:acme/images.git', undefined],
    ['ssh://git@github.com/acme/images', undefined],
    ['http://git.acme.dev/acme/images', undefined],
    [undefined, undefined],
  ])('returns the repository of origin %s', (origin, uri) => {
    expect(repositoryUri(origin, {})).toBe(uri);
  });

  it('returns the repository that Prow checked out if origin names none', () => {
    const spec = (value: unknown): { JOB_SPEC: string } => ({ JOB_SPEC: JSON.stringify(value) });
    const uri = 'git+https://github.com/kubernetes/k8s.io';
    expect(repositoryUri(undefined, spec({ refs: { org: 'kubernetes', repo: 'k8s.io' } }))).toBe(uri);
    expect(repositoryUri(undefined, spec({ extra_refs: [{ org: 'kubernetes', repo: 'k8s.io' }] }))).toBe(uri);
    expect(repositoryUri('git@github.com:acme/images', spec({ refs: { org: 'acme', repo: 'images' } }))).toBe(
      'git+https://github.com/acme/images',
    );
    expect(repositoryUri(undefined, { JOB_SPEC: 'no JSON' })).toBeUndefined();
    expect(repositoryUri(undefined, spec({ refs: 1 }))).toBeUndefined();
  });
});
