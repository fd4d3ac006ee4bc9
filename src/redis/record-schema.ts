import { z } from 'zod';
import type { SharedRecord } from '../ratelimit/shared/record.ts';

const mark = z.object({ number: z.number(), at: z.number() });

const RateState = z.object({
  from: z.number(),
  limit: z.number().exactOptional(),
  hungry: z.number(),
  cutAt: z.number(),
  empty: mark.exactOptional(),
  refusals: z.number(),
  refused: z.number(),
  refusedLast: z.number(),
  idle: z.number(),
  pause: z.number().exactOptional(),
  windowed: z.boolean().exactOptional(),
  settling: z.object({ rate: z.number(), sent: z.number() }).exactOptional(),
  below: z.number(),
  least: z.number().exactOptional(),
  guessed: z.boolean().exactOptional(),
  deep: z.number().exactOptional(),
  advertised: z.number().exactOptional(),
});

const SharedRecordText = z.object({
  version: z.number(),
  state: RateState,
  sent: z.number(),
  fed: z.number(),
  pausedUntil: z.number(),
  budget: z.object({ rate: z.number(), at: z.number() }),
  members: z.record(z.string(), z.number()),
});

/** Parses the record of a process; returns undefined if it is invalid. */
export function parseRecord(text: string): SharedRecord | undefined {
  try {
    return SharedRecordText.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
