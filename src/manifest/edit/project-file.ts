import { stat, realpath } from 'node:fs/promises';
import { PromotionError } from '../../errors.ts';
import { createOwnFile } from '../../own-file.ts';
import { readNamedFile } from '../file-source.ts';
import type { Project } from '../manifest.ts';
import { parsePlain, parseThin } from '../parse.ts';
import type { EditedFile } from './add-images.ts';

/** Reads the file with the images of a project, to be edited. Throws MANIFEST_INVALID if a file has gone. */
export async function openImagesFile({ name, manifestFile, imagesFile }: Project): Promise<EditedFile> {
  const bytes = await readThere(imagesFile);
  if (manifestFile === imagesFile)
    return {
      file: imagesFile,
      bytes,
      parse: (edited) => parsePlain(name, { file: imagesFile, bytes: edited }, undefined),
    };
  const manifest = { file: manifestFile, bytes: await readThere(manifestFile) };
  return {
    file: imagesFile,
    bytes,
    parse: (edited) => parseThin(name, manifest, { file: imagesFile, bytes: edited }, undefined),
  };
}

/**
 * Replaces the bytes of a file in one step and keeps its mode; follows a link to the file. Throws MANIFEST_INVALID, and
 * leaves the file as it is, if it has changed since `before` was read or cannot be written.
 */
export async function replaceFile(file: string, before: Uint8Array, after: Uint8Array): Promise<void> {
  if (Buffer.compare(await readThere(file), before) !== 0)
    throw new PromotionError('MANIFEST_INVALID', `${file}: the file was changed in the meantime; nothing is written`, {
      hint: 'run the command again',
    });
  try {
    await replace(await realpath(file), after);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PromotionError('MANIFEST_INVALID', `${file}: the file cannot be written: ${reason}`, {
      hint: 'check the permissions of the file and of its folder',
      cause,
    });
  }
}

async function replace(real: string, bytes: Uint8Array): Promise<void> {
  const { mode } = await stat(real);
  const own = await createOwnFile(real);
  try {
    await own.handle.chmod(mode);
    await own.handle.writeFile(bytes);
    await own.handle.sync();
    await own.handle.close();
    await own.place();
  } catch (error) {
    await own.discard();
    throw error;
  }
}

async function readThere(file: string): Promise<Uint8Array> {
  const bytes = await readNamedFile(file);
  if (bytes !== undefined) return bytes;
  throw new PromotionError('MANIFEST_INVALID', `${file}: the file has gone`, { hint: 'run the command again' });
}
