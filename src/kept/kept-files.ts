/**
 * Small files that a run leaves for later runs. They only save work: a run without them is slower, never wrong. Their
 * content is untrusted, and readers check it.
 */
export type KeptFiles = {
  /** Returns the file; undefined if there is none. Throws if it cannot be read or may not be trusted. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the file as a whole: readers get the old or the new content. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Returns the place of a file for messages. */
  placeOf(name: string): string;
};

/** Bytes of one file: an inventory of 400,000 repositories takes about 60 MiB, and Kubernetes has 31,000. */
export const MAX_KEPT_BYTES = 64 * 1024 * 1024;
