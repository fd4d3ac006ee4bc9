import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { open, published, unpublished } from './values.ts';

describe('src/report/model/values.ts', () => {
  it('removes unpublished keys at any depth, and lists of open texts', () => {
    const inner = z.strictObject({ kept: open<'a' | 'b'>(), gone: unpublished(z.string()) });
    const schema = z.toJSONSchema(z.strictObject({ inner: z.array(inner), gone: unpublished(z.int().optional()) }));
    const { properties, required } = JSON.parse(JSON.stringify(schema, published)) as Record<string, unknown>;
    expect({ properties, required }).toEqual({
      properties: {
        inner: {
          type: 'array',
          items: {
            type: 'object',
            properties: { kept: { type: 'string' } },
            required: ['kept'],
            additionalProperties: false,
          },
        },
      },
      required: ['inner'],
    });
  });
});
