type Entry = { readonly fire: () => void; index: number };
type Entries = { readonly list: Entry[]; readonly listener: () => void };

/**
 * Keyed by signal, so that entries are freed with it. Not one listener each on the signal itself: Node walks all of
 * them at each addition, and each removed one keeps those behind it in the old heap.
 */
const ENTRIES = new WeakMap<AbortSignal, Entries>();

/** Calls `fire` once when the signal aborts, in no particular order. The returned function cancels that. */
export function onAbort(signal: AbortSignal, fire: () => void): () => void {
  const { list, listener } = entriesOf(signal);
  const entry: Entry = { fire, index: list.length };
  list.push(entry);
  return () => {
    if (list[entry.index] !== entry) return;
    const last = list.pop();
    if (last !== undefined && last !== entry) {
      list[entry.index] = last;
      last.index = entry.index;
    }
    if (list.length > 0) return;
    // A signal made by AbortSignal.any stays alive as long as it has a listener.
    signal.removeEventListener('abort', listener);
    ENTRIES.delete(signal);
  };
}

function entriesOf(signal: AbortSignal): Entries {
  const known = ENTRIES.get(signal);
  if (known !== undefined) return known;
  const list: Entry[] = [];
  const listener = (): void => {
    ENTRIES.delete(signal);
    for (const { fire } of list.splice(0)) fire();
  };
  const entries = { list, listener };
  ENTRIES.set(signal, entries);
  signal.addEventListener('abort', listener, { once: true });
  return entries;
}
