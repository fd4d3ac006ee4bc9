import type { RateStore } from '../ratelimit/shared/store.ts';
import type { SharedRecord } from '../ratelimit/shared/record.ts';
import type { Leases } from '../registry/attaching/leased-lock.ts';

/** The functions that a process calls in the process that shares its memory. */
export type Calls = Pick<RateStore, 'replace' | 'lease' | 'refill'> & Leases;

/** A call; `follow` has no answer, but each change is reported as news. */
export type CallMessage =
  | { readonly kind: 'call'; readonly id: number; readonly name: keyof Calls; readonly args: readonly unknown[] }
  | { readonly kind: 'follow'; readonly name: string };

export type AnswerMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown }
  | { readonly kind: 'news'; readonly name: string; readonly record: SharedRecord };

/** Returns the message if it is one of these kinds. */
export function messageOf<M extends { readonly kind: string }>(
  message: unknown,
  ...kinds: readonly M['kind'][]
): M | undefined {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return undefined;
  return kinds.some((kind) => kind === message.kind) ? (message as M) : undefined;
}
