type Entry = { readonly fire: () => void; index: number };
type Entries = { readonly list: Entry[]; readonly listener: () => void };

/**
 * Keyed by what they belong to: they live and die with the signal. Not one listener each on the signal itself: Node
 * walks all of them at each addition, and each removed one keeps those behind it in the old heap.
 */
const ENTRIES = new WeakMap<AbortSignal, Entries>();

/** Calls `fire` once when the signal aborts, unless what this returns is called before; in no particular order. */
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
    // A signal made by AbortSignal.any is kept alive for as long as somebody listens.
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
