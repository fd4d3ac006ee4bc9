import { describe, expect, it } from 'vitest';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { parseRef, type AskedRef } from '../../image/asked-ref.ts';
import { lookUp } from './look-up.ts';
import { noEntry } from './no-entry.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const loaded = loadedTree([
  {
    name: 'p',
    from: 's.test',
    to: ['us-central1-docker.pkg.dev/k8s-artifacts-prod/images', 'm.test/prod'],
    entries: [
      ['kube-apiserver', digest('a'), 'v1.20.9'],
      ['kube-apiserver', digest('b'), 'v1.30.0'],
    ],
  },
]);

function reason(text: string): string {
  const ref: AskedRef = parseRef(text) ?? expect.fail(`${text} is not a reference`);
  const [first] = noEntry(ref, lookUp(loaded, ref, {}).names, loaded, []);
  return first?.message ?? '';
}

describe('src/plan/explained/no-entry.ts', () => {
  it.each([
    [
      'm.test/prod/kube-apiserver:v1.30.99',
      /has the tag v1\.30\.99; the nearest is v1\.30\.0 \(images\/p\/images\.yaml:6\)$/,
    ],
    ['registry.k8s.io/kube-apiserver:other', /has the tag other$/],
    [`m.test/prod/kube-apiserver@${digest('a').replace(/a$/, 'b')}`, /has this digest; the nearest is sha256:a+ \(/],
    ['registry.k8s.io/kube-apisever:v1', /the nearest name is registry\.k8s\.io\/kube-apiserver$/],
    ['n.test/prod/kube-apiserver:v1', /the nearest name is m\.test\/prod\/kube-apiserver$/],
    ['n.test/unlike:v1', /^no entry of the tree promotes n\.test\/unlike$/],
  ])('names the nearest entry for %s', (text, message) => {
    expect(reason(text)).toMatch(message);
  });
});
