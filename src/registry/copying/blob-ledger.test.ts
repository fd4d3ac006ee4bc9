import { describe, expect, it } from 'vitest';
import { digestOf } from '../../image/digest.ts';
import { blobLedger, type BlobLedger } from './blob-ledger.ts';

const BLOB = digestOf(Buffer.from('a blob'));
const APP = 'one.test/app';
const never = new AbortController().signal;

/** Lets promises that can settle do so. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A bring that the test ends, and that says whether it was begun. */
function upload(): { readonly bring: () => Promise<void>; begun(): number; done(): void; fail(error: Error): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let begun = 0;
  return { bring: () => ((begun += 1), promise), begun: () => begun, done: resolve, fail: reject };
}

function settle(
  ledger: BlobLedger,
  repository: string,
  bring: () => Promise<void>,
  { waitToMount = false, signal = never } = {},
): Promise<void> {
  return ledger.settle(repository, BLOB, { waitToMount, signal, bring });
}

describe('src/registry/copying/blob-ledger', () => {
  it('lets one caller upload a blob while the others wait, and remembers that it exists', async () => {
    const ledger = blobLedger();
    const [first, second, third] = [upload(), upload(), upload()];
    const all = Promise.all([first, second, third].map(({ bring }) => settle(ledger, APP, bring)));
    await turn();
    expect([first.begun(), second.begun(), third.begun()]).toEqual([1, 0, 0]);
    expect(ledger.holds(APP, BLOB)).toBe(false);
    first.done();
    await all;
    await settle(ledger, APP, upload().bring);
    expect([second.begun(), third.begun(), ledger.holds(APP, BLOB)]).toEqual([0, 0, true]);
  });

  it('lets the next caller try after a failure, which only the failed one sees', async () => {
    const ledger = blobLedger();
    const [first, second, third] = [upload(), upload(), upload()];
    const failing = settle(ledger, APP, first.bring);
    const others = Promise.all([settle(ledger, APP, second.bring), settle(ledger, APP, third.bring)]);
    first.fail(new Error('no space'));
    await expect(failing).rejects.toThrow('no space');
    await turn();
    expect([second.begun(), third.begun()]).toEqual([1, 0]);
    second.done();
    await others;
    expect(third.begun()).toBe(0);
  });

  it('waits for no other repository without waitToMount', async () => {
    const ledger = blobLedger();
    const [first, second] = [upload(), upload()];
    void settle(ledger, APP, first.bring);
    void settle(ledger, 'one.test/other', second.bring);
    await turn();
    expect([first.begun(), second.begun()]).toEqual([1, 1]);
  });

  it('with waitToMount waits for the first upload to the same registry, then all mount concurrently', async () => {
    const ledger = blobLedger();
    const [first, second, third] = [upload(), upload(), upload()];
    const options = { waitToMount: true };
    void settle(ledger, APP, first.bring, options);
    void settle(ledger, 'one.test/second', second.bring, options);
    void settle(ledger, 'one.test/third', third.bring, options);
    await turn();
    expect([first.begun(), second.begun(), third.begun()]).toEqual([1, 0, 0]);
    expect(ledger.mountSource('one.test/second', BLOB)).toBeUndefined();
    first.done();
    await turn();
    expect([second.begun(), third.begun()]).toEqual([1, 1]);
    expect(ledger.mountSource('one.test/second', BLOB)).toBe(APP);
  });

  it('with waitToMount does not wait for another registry with the same prefix', async () => {
    const ledger = blobLedger();
    const [first, second] = [upload(), upload()];
    void settle(ledger, APP, first.bring, { waitToMount: true });
    void settle(ledger, 'one.test:5000/app', second.bring, { waitToMount: true });
    await turn();
    expect(second.begun()).toBe(1);
  });

  it('with waitToMount uploads after the upload that it waited for fails', async () => {
    const ledger = blobLedger();
    const [first, second] = [upload(), upload()];
    const failing = settle(ledger, APP, first.bring, { waitToMount: true });
    void settle(ledger, 'one.test/second', second.bring, { waitToMount: true });
    first.fail(new Error('refused'));
    await expect(failing).rejects.toThrow('refused');
    await turn();
    expect(second.begun()).toBe(1);
  });

  it('never returns a repository as its own mount source, nor a forgotten one', async () => {
    const ledger = blobLedger();
    await settle(ledger, APP, () => Promise.resolve());
    expect(ledger.mountSource(APP, BLOB)).toBeUndefined();
    expect(ledger.mountSource('one.test/other', BLOB)).toBe(APP);
    ledger.forget(APP, BLOB);
    expect(ledger.mountSource('one.test/other', BLOB)).toBeUndefined();
    expect(ledger.holds(APP, BLOB)).toBe(false);
  });

  it('uploads a blob again after it was forgotten', async () => {
    const ledger = blobLedger();
    await settle(ledger, APP, () => Promise.resolve());
    ledger.forget(APP, BLOB);
    const again = upload();
    again.done();
    await settle(ledger, APP, again.bring);
    expect(again.begun()).toBe(1);
  });

  it('calls onWait before a caller waits, but not for the one that uploads', async () => {
    const ledger = blobLedger();
    const [first, second] = [upload(), upload()];
    const told: string[] = [];
    const settling = (bring: () => Promise<void>, name: string): Promise<void> =>
      ledger.settle(APP, BLOB, { waitToMount: false, signal: never, onWait: () => void told.push(name), bring });
    const both = Promise.all([settling(first.bring, 'first'), settling(second.bring, 'second')]);
    first.done();
    await both;
    await settling(second.bring, 'third');
    expect(told).toEqual(['second']);
  });

  it('stops waiting when its signal aborts, without affecting the other upload', async () => {
    const ledger = blobLedger();
    const [first, second] = [upload(), upload()];
    const leaving = new AbortController();
    const bringing = settle(ledger, APP, first.bring);
    const waiting = settle(ledger, APP, second.bring, { signal: leaving.signal });
    leaving.abort(new Error('the mirror left'));
    await expect(waiting).rejects.toThrow('the mirror left');
    await expect(settle(ledger, APP, second.bring, { signal: leaving.signal })).rejects.toThrow('the mirror left');
    first.done();
    await bringing;
    expect([second.begun(), ledger.holds(APP, BLOB)]).toEqual([0, true]);
  });
});
