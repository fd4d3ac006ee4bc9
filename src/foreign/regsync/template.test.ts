import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandTemplate } from './template.ts';

const data = { fields: { 'Sync.Source': 'gcr.io/example/repo' }, env: { TEAM: 'Web ' } };

describe('src/foreign/regsync/template.ts', () => {
  it.each([
    ['reg:5000/hub/{{ .Sync.Source }}', 'reg:5000/hub/gcr.io/example/repo'],
    ['reg:5000/gcr/{{ index (split .Sync.Source "gcr.io/") 1 }}', 'reg:5000/gcr/example/repo'],
    ['{{ env "TEAM" | trimSpace | lower }}/app', 'web/app'],
    ['{{env "NONE" | default "x"}}', 'x'],
    ['{{ join (split .Sync.Source "/") "-" }}', 'gcr.io-example-repo'],
    ['a {{- upper `b` -}} c', 'aBc'],
    ['{{ "}}" }}', '}}'],
  ])('expands %j', (text, expected) => {
    expect(expandTemplate(text, data)).toBe(expected);
  });

  it.each([
    '{{ if .Sync }}x{{ end }}',
    '{{ file "/etc/passwd" }}',
    '{{ time.Now }}',
    '{{ .Ref.Tag }}',
    '{{ split "a" "b" }}',
    '{{ constructor }}',
    '{{',
    '{{ ( }}',
    '{{ index (split "a" "b") 7 }}',
  ])('returns undefined for %j', (text) => {
    expect(expandTemplate(text, data)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => expandTemplate(`{{${text}}}`, data)).not.toThrow();
      }),
    );
  });
});
