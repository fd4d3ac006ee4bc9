import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openSecrets } from '../../secrets/secrets.ts';
import { outputTo } from './streams.ts';

/** A stream that stores each chunk one turn later, until it fails with `error`. */
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
  it('closes after everything is written, in order', async () => {
    const { stream, text } = slowStream();
    const output = outputTo(stream, openSecrets());
    for (let line = 0; line < 100; line++) output.write(`${line}\n`);
    expect(text()).toBe('');
    expect(await output.close()).toBeUndefined();
    expect(text()).toBe(Array.from({ length: 100 }, (_, line) => `${line}\n`).join(''));
  });

  it('returns the first error from close, and ignores later writes', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const output = outputTo(slowStream(full).stream, openSecrets());
    output.write('a');
    output.write('b');
    await new Promise((resolve) => setImmediate(resolve));
    output.write('c');
    expect(await output.close()).toBe(full);
  });

  it('ignores a reader that went away', async () => {
    const output = outputTo(slowStream(Object.assign(new Error('gone'), { code: 'EPIPE' })).stream, openSecrets());
    output.write('a');
    expect(await output.close()).toBeUndefined();
    output.write('b');
    expect(await output.close()).toBeUndefined();
  });

  it('removes its listeners', async () => {
    const { stream } = slowStream();
    const output = outputTo(stream, openSecrets());
    output.write('a');
    await output.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.listenerCount('error')).toBe(0);
  });

  it('detects a terminal', () => {
    expect(outputTo(slowStream().stream, openSecrets()).isTerminal).toBe(false);
    expect(outputTo(Object.assign(slowStream().stream, { isTTY: true }), openSecrets()).isTerminal).toBe(true);
  });
});
