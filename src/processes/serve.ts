import type { Leases } from '../registry/attaching/leased-lock.ts';
import { messageOf, type AnswerMessage, type CallMessage, type Calls } from './calls.ts';
import type { MemoryRateStore } from './memory-rate-store.ts';
import type { Port } from './port.ts';

/** The memory that processes share: rates and leases. */
export type SharedMemory = { readonly rates: MemoryRateStore; readonly leases: Leases };

/**
 * Answers the calls of one process. After the process is gone, its waiting leases of tokens are withdrawn; its leases of
 * names end by themselves, since a write may still be under way.
 */
export function serve({ rates, leases }: SharedMemory, port: Port): void {
  const { follow, close, ...store } = rates.open();
  const calls: Calls = { ...store, ...leases };
  const answer = (message: AnswerMessage): void => port.send(message);
  const stop = port.onMessage((received) => {
    const message = messageOf<CallMessage>(received, 'call', 'follow');
    if (message?.kind === 'follow')
      follow(message.name, (record) => answer({ kind: 'news', name: message.name, record }));
    if (message?.kind === 'call') {
      const { id, name, args } = message;
      const call = calls[name] as (...given: readonly unknown[]) => Promise<unknown>;
      void call(...args).then((value) => answer({ kind: 'answer', id, value }));
    }
  });
  void port.lost.then(() => {
    stop();
    close();
  });
}
