import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openSecrets } from '../../secrets/secrets.ts';
import { outputTo } from './streams.ts';

/** A stream that keeps what it gets, each chunk one turn later, until it fails with `error`. */
function slowStream(error?: NodeJS.ErrnoException): { readonly stream: Writable; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      setImmediate(() => {
        if (error === undefined) text += chunk.toString();
        done(error);
      });
    },
  });
  return { stream, text: () => text };
}

describe('src/cli/output/streams.ts', () => {
  it('closes only when everything has been written, in order', async () => {
    const { stream, text } = slowStream();
    const output = outputTo(stream, openSecrets());
    for (let line = 0; line < 100; line++) output.write(`${line}\n`);
    expect(text()).toBe('');
    expect(await output.close()).toBeUndefined();
    expect(text()).toBe(Array.from({ length: 100 }, (_, line) => `${line}\n`).join(''));
  });

  it('tells of the first error when it is closed, and survives writing on', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const output = outputTo(slowStream(full).stream, openSecrets());
    output.write('a');
    output.write('b');
    await new Promise((resolve) => setImmediate(resolve));
    output.write('c');
    expect(await output.close()).toBe(full);
  });

  it('does not mind a reader that went away', async () => {
    const output = outputTo(slowStream(Object.assign(new Error('gone'), { code: 'EPIPE' })).stream, openSecrets());
    output.write('a');
    expect(await output.close()).toBeUndefined();
    output.write('b');
    expect(await output.close()).toBeUndefined();
  });

  it('leaves no listener behind', async () => {
    const { stream } = slowStream();
    const output = outputTo(stream, openSecrets());
    output.write('a');
    await output.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.listenerCount('error')).toBe(0);
  });

  it('knows a terminal from a file', () => {
    expect(outputTo(slowStream().stream, openSecrets()).isTerminal).toBe(false);
    expect(outputTo(Object.assign(slowStream().stream, { isTTY: true }), openSecrets()).isTerminal).toBe(true);
  });
});
