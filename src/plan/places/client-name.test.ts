import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import { clientNameOf, placeBehind } from './client-name.ts';

const route = { through: 'images.example', standby: [] };
const attachments = [{ match: compilePattern('*.example/prod'), route }];
const publicNames = [{ match: compilePattern('*.example/prod'), name: 'public.example/acme' }];
const KUBERNETES = 'us-central1-docker.pkg.dev/k8s-artifacts-prod/images';

describe('src/plan/places/client-name.ts', () => {
  it("is the router's name for the first routed location", () => {
    expect(clientNameOf(['a.example/prod/app'], { attachments })).toBe('images.example/app');
    expect(clientNameOf(['x.test/app', 'a.example/prod/app'], { attachments })).toBe('images.example/app');
    expect(clientNameOf(['x.test/app'], { attachments })).toBe(undefined);
    expect(clientNameOf(['a.example/prod/app'], { publicNames })).toBe(undefined);
  });

  it.each([
    ['the routed location', 'a.example/prod/sub/app', { attachments }, 'new.example/sub/app'],
    ['the public name', 'a.example/prod/sub/app', { publicNames }, 'new.example/sub/app'],
    ["upstream's place", `${KUBERNETES}/ingress-nginx/controller`, {}, 'new.example/ingress-nginx/controller'],
    ['the host', 'x.test/prod/app', { publicNames }, 'new.example/prod/app'],
  ])('replaces %s with a given name', (_, repository, rules, expected) => {
    expect(clientNameOf([repository], { ...rules, through: 'new.example' })).toBe(expected);
  });

  it('maps to the repository on the primary if the rules have no wildcards', () => {
    const literal = [{ match: compilePattern('a.example/prod'), name: 'public.example' }];
    expect(placeBehind('public.example/app', { publicNames: literal })).toBe('a.example/prod/app');
    expect(placeBehind('images.example/app', { attachments })).toBe(undefined);
    const primary = compilePattern('a.example/prod');
    expect(placeBehind('images.example/app', { attachments, primary })).toBe('a.example/prod/app');
    expect(placeBehind('public.example/acme/app', { publicNames, primary })).toBe('a.example/prod/app');
    expect(placeBehind('images.example/app', { attachments, primary: compilePattern('b.test') })).toBe(undefined);
    expect(placeBehind('images.examples/app', { attachments, primary })).toBe(undefined);
  });

  it("contains upstream's name", () => {
    expect(placeBehind('registry.k8s.io/kube-apiserver', {})).toBe(`${KUBERNETES}/kube-apiserver`);
    expect(placeBehind('other.io/kube-apiserver', {})).toBe(undefined);
  });
});
