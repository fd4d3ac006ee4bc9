import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { highestReachable } from '../policy/signer-builders.ts';
import { policyIn } from './policies/policy-file.ts';
import { policySchema } from './policies/policy-schema.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema };

/** Returns every key at any depth. */
function keysOf({ properties = {}, items }: Schema): readonly string[] {
  const inItems = items === undefined ? [] : keysOf(items);
  return [...inItems, ...Object.entries(properties).flatMap(([key, schema]) => [key, ...keysOf(schema)])];
}

describe('docs/policy.md', () => {
  it('shows a policy that is valid, and builders whose levels can be reached', () => {
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(page) ?? [];
    const example = policyIn({ file: 'example.yaml', bytes: Buffer.from(yaml) }, 'operator');
    expect(example).toMatchObject({ provenance: { mode: 'require', level: 3 }, vulnerabilities: { threshold: 4 } });
    expect(example.provenance && highestReachable(example.provenance)).toBe(3);
  });

  it('explains every key', () => {
    const keys = keysOf(JSON.parse(policySchema()) as Schema);
    expect(keys.length).toBeGreaterThan(15);
    expect(keys.filter((key) => !page.includes(`\`${key}\``) && !page.includes(`\`${key}:`))).toEqual([]);
  });
});
