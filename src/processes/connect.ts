import type { RateStore } from '../ratelimit/shared/store.ts';
import type { SharedRecord } from '../ratelimit/shared/record.ts';
import type { Leases } from '../registry/attaching/leased-lock.ts';
import { messageOf, type AnswerMessage, type CallMessage, type Calls } from './calls.ts';
import type { Port } from './port.ts';

/** Rates and leases that this process shares with others through a channel. */
export type Connection = { readonly rates: RateStore; readonly leases: Leases };

/** Connects to the process at the other end, which serves its memory. */
export function connect(port: Port): Connection {
  const { call, follow, close } = calling(port);
  return {
    rates: {
      // Both processes read the clock of the same machine.
      offset: 0,
      lost: port.lost,
      replace: (...args) => call('replace', args),
      follow,
      lease: (...args) => call('lease', args),
      refill: (...args) => call('refill', args),
      close,
    },
    leases: {
      // Without the other process there is nobody to share with: this one is about to end.
      acquire: (...args) => call('acquire', args).catch(() => true),
      renew: (...args) => call('renew', args).catch(() => undefined),
      release: (...args) => call('release', args).catch(() => undefined),
    },
  };
}

type Calling = Pick<RateStore, 'follow' | 'close'> & {
  call<Name extends keyof Calls>(name: Name, args: Parameters<Calls[Name]>): ReturnType<Calls[Name]>;
};

type Open = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

function calling(port: Port): Calling {
  const open = new Map<number, Open>();
  const followers = new Map<string, (record: SharedRecord) => void>();
  let calls = 0;
  let reason: string | undefined;
  const send = (message: CallMessage): void => port.send(message);
  port.onMessage((received) => {
    const message = messageOf<AnswerMessage>(received, 'answer', 'news');
    if (message?.kind === 'news') followers.get(message.name)?.(message.record);
    if (message?.kind !== 'answer') return;
    open.get(message.id)?.resolve(message.value);
    open.delete(message.id);
  });
  const end = (why: string): void => {
    reason ??= why;
    for (const { reject } of open.values()) reject(new Error(reason));
    open.clear();
  };
  void port.lost.then(end);
  return {
    call: (name, args) =>
      new Promise<unknown>((resolve, reject) => {
        if (reason !== undefined) return reject(new Error(reason));
        calls += 1;
        open.set(calls, { resolve, reject });
        send({ kind: 'call', id: calls, name, args });
      }) as ReturnType<Calls[typeof name]>,
    follow: (name, changed) => {
      followers.set(name, changed);
      send({ kind: 'follow', name });
    },
    close: () => {
      followers.clear();
    },
  };
}
