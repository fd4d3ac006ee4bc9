import { once } from 'node:events';
import { constants, createWriteStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { createOwnFile, isDevice } from '../own-file.ts';

/**
 * Opens a new file in place of what is there, a link included, or a pipe that somebody reads, to write lines to; throws what
 * the system says.
 */
export async function openLines(path: string): Promise<Writable> {
  if (!(await isDevice(path))) return openFile(path);
  const there = await stat(path).catch(() => undefined);
  if (there?.isFIFO() === true) return openPipe(path);
  const stream = createWriteStream(path);
  await once(stream, 'open');
  return stream;
}

/** Those who follow the file find it in its place from the first line on. */
async function openFile(path: string): Promise<Writable> {
  const file = await createOwnFile(path);
  try {
    await file.place();
    return file.handle.createWriteStream();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Through a socket, which waits for a reader outside of the few threads that all files share, and can give up. */
function openPipe(path: string): Writable {
  // without NONBLOCK opening would wait, and with it for ever, for somebody to read
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: false, writable: true });
}
