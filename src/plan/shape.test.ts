import { describe, expect, it } from 'vitest';
import { digestOf } from '../image/digest.ts';
import type { ArtifactTypes } from '../policy/policies.ts';
import { refusalOf } from './shape.ts';

const image = { source: 'staging.test/app', digest: digestOf(Buffer.from('image')) };
const lists = (...all: readonly (readonly string[])[]): ArtifactTypes[] =>
  all.map((types, index) => ({ types, at: { file: 'promoter-policy.yaml', line: index + 1, column: 1 } }));
const plain = { foreign: [], artifactTypes: [] };
const chart = { foreign: [], artifactTypes: ['application/x.chart'] };

describe('src/plan/shape.ts', () => {
  it.each([
    ['container images, although no type is allowed', plain, lists([])],
    ['every type without a list', chart, []],
    ['a type that is in each list', chart, lists(['application/x.chart'], ['other', 'application/x.chart'])],
    [
      'attestations of BuildKit in an index',
      { ...plain, artifactTypes: ['application/vnd.docker.attestation.manifest.v1+json'] },
      lists([]),
    ],
  ])('allows %s', (_, tree, allowed) => {
    expect(refusalOf(image, tree, allowed)).toBeUndefined();
  });

  it('rejects a type that is missing in one of the lists, and names the list', () => {
    const refusal = refusalOf(image, chart, lists(['application/x.chart'], ['application/x.charts']));
    expect(refusal).toMatchObject({ code: 'ARTIFACT_TYPE', side: 'source' });
    expect(refusal?.message).toContain(`${image.source}@${image.digest} is an artifact of type application/x.chart`);
    expect(refusal?.hint).toContain('promoter-policy.yaml:2');
  });

  it('rejects foreign layers', () => {
    const foreign = [{ mediaType: 'layer', digest: digestOf(Buffer.from('layer')), size: 1 }];
    expect(refusalOf(image, { ...plain, foreign }, [])).toMatchObject({
      code: 'UNSUPPORTED_MANIFEST',
      message: `${image.source}@${image.digest} has the foreign layer ${foreign[0]?.digest}, which is stored outside the registry`,
    });
  });
});
