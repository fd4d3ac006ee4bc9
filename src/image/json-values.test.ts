import { describe, expect, it } from 'vitest';
import { hasTooManyValues } from './json-values.ts';

const MIB = 1024 * 1024;
const layer = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:${'0'.repeat(64)}","size":1234}`;

describe('src/image/json-values.ts', () => {
  it.each(['{},', '[],', '0,', '"a":0,', '[', '{"a":'])('finds too many in 4 MiB of %s', (text) => {
    expect(hasTooManyValues(Buffer.from(text.repeat(Math.floor((4 * MIB) / text.length))))).toBe(true);
  });

  it('allows as many layers as fit into a manifest of 4 MiB', () => {
    const layers = Array.from({ length: Math.floor((4 * MIB) / (layer.length + 1)) }, () => layer).join(',');
    expect(hasTooManyValues(Buffer.from(`{"layers":[${layers}]}`))).toBe(false);
  });
});
