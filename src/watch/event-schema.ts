import { z } from 'zod';

const count = z.int().nonnegative();
const ms = z.number().nonnegative();
const described = <T extends z.ZodType>(type: T, description: string): T => type.describe(description);

const base = {
  v: described(z.literal(1), 'Changes when a key changes its meaning or goes; keys and types may be added without.'),
  time: z.iso.datetime(),
};
const image = { image: described(z.string(), 'Its name in the manifest.'), digest: z.string() };
const repositories = z.array(z.string());
const mode = described(z.string(), 'parse, dry-run, promote, replicate, check, repair or audit.');

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, meaning: string, shape: Shape) =>
  z.strictObject({ ...base, type: described(z.literal(type), meaning), ...shape });

/** One line of `--events`, as programs read it. */
export const EventLine = z.discriminatedUnion('type', [
  event('run-started', 'A run began; `kpromo cip --replicate-signatures` makes two.', { mode, version: z.string() }),
  event('phase-started', 'A phase of the run began.', { phase: z.string(), index: count, of: count }),
  event('phase-ended', 'A phase ended; broken: the run ended with it.', {
    phase: z.string(),
    ms,
    ended: z.enum(['done', 'broken']),
  }),
  event('image-planned', 'An image lacks something in these repositories.', {
    ...image,
    source: z.string(),
    file: z.string(),
    line: count,
    tags: z.array(z.string()),
    repositories,
  }),
  event('image-promoted', 'These repositories have all of the image now.', {
    ...image,
    repositories,
    failed: described(count, 'Repositories that could not be written; a failed event says why.'),
    bytes: count,
    ms,
  }),
  event('image-unknown', 'Nobody knows whether these repositories have the image: they could not be read.', {
    ...image,
    repositories,
  }),
  event('image-signed', 'A signature was written.', { ...image, reference: z.string() }),
  event('image-recorded', 'A promotion record was written.', { ...image, reference: z.string() }),
  event('failed', 'Something could not be done.', {
    phase: z.string(),
    code: described(z.string(), 'The error code; docs/problems.md explains each.'),
    message: z.string(),
    hint: described(z.string().optional(), 'What to do next.'),
    file: z.string().optional(),
    line: count.optional(),
    image: z.string().optional(),
    digest: z.string().optional(),
    refs: described(z.array(z.string()).optional(), 'The affected references in production.'),
  }),
  event('registry-paused', 'A registry asked for silence.', { registry: z.string(), until: z.iso.datetime() }),
  event('stopping', 'The run is to end early; what is under way is given up.', {
    reason: described(z.string(), 'For example `stopped by SIGTERM`.'),
  }),
  event('run-ended', 'A run ended.', {
    mode,
    ms,
    aborted: described(z.string().optional(), 'Why it ended early.'),
  }),
  event('exit', 'The last line: the program ends with this exit code.', { code: count }),
  event('log', 'A line of the log, as important as --log-level says or more.', {
    level: z.enum(['fatal', 'error', 'warning', 'info', 'debug', 'trace']),
    message: z.string(),
    fields: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).optional(),
  }),
  event('request', 'A request was sent; only with --log-level=trace.', {
    method: z.string(),
    url: described(z.string(), 'Without what may be secret.'),
    operation: described(z.string().optional(), 'What it was for: token, list, read, write, download, upload, …'),
    hedged: described(z.boolean().optional(), 'True: a silent read that was sent again on another connection.'),
    status: count.optional(),
    error: described(z.string().optional(), 'The error code, where no answer came.'),
    ms,
  }),
  event('dropped', 'So many lines were left out here, as the reader was too slow.', { count }),
]);

export type EventLine = z.infer<typeof EventLine>;

/** The JSON schema of a line of `--events`; it allows keys of later versions. */
export function runEventsSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(EventLine, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const title = 'One line of kpromo --events';
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}
