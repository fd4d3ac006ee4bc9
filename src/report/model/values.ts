import { z } from 'zod';

export const count = z.int().nonnegative();
export const ms = z.number().nonnegative();
export const described = <T extends z.ZodType>(type: T, description: string): T => type.describe(description);

/** Creates a schema of one of these texts; the published schema allows any text. */
export const open = <T extends string>(): z.ZodType<T> => z.string() as unknown as z.ZodType<T>;

/** Marks a key of documents that the published schema omits, so that it may change. */
export const unpublished = <T extends z.ZodType>(type: T): T => type.meta({ unpublished: true });

/** Removes unpublished keys from a JSON schema; a replacer for `JSON.stringify`. */
export function published(_key: string, value: unknown): unknown {
  const { success, data } = ObjectSchema.safeParse(value);
  if (!success || typeof value !== 'object') return value;
  const kept = Object.entries(data.properties).filter(([, property]) => property['unpublished'] !== true);
  const properties = Object.fromEntries(kept);
  const required = data.required?.filter((name) => name in properties);
  return { ...value, properties, ...(required !== undefined && { required }) };
}

const ObjectSchema = z.object({
  type: z.literal('object'),
  properties: z.record(z.string(), z.record(z.string(), z.unknown())),
  required: z.array(z.string()).optional(),
});

type ReadOnly<T> = T extends object ? { readonly [K in keyof T]: ReadOnly<T[K]> } : T;

/** The type that a schema describes, with all properties read-only. */
export type Model<T extends z.ZodType> = ReadOnly<z.infer<T>>;
