import { once } from 'node:events';
import { constants, createWriteStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { createOwnFile, isDevice } from '../own-file.ts';

/**
 * Opens a file for lines, in place of an existing file or link, or a pipe that has a reader; throws the error of
 * the system.
 */
export async function openLines(path: string): Promise<Writable> {
  if (!(await isDevice(path))) return openFile(path);
  const there = await stat(path).catch(() => undefined);
  if (there?.isFIFO() === true) return openPipe(path);
  const stream = createWriteStream(path);
  await once(stream, 'open');
  return stream;
}

/** The file is in its place before the first line, for programs that follow it. */
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

/** Writes through a socket, which waits for a reader without a thread of the file pool, and can be closed. */
function openPipe(path: string): Writable {
  // without NONBLOCK opening would wait for a reader, perhaps forever
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: false, writable: true });
}
