import { afterAll } from 'vitest';

/** Registers what ends a thing; `onTestFinished` for a thing of one test. */
export type Ends = (end: () => Promise<void> | void) => void;

/** Makes a thing for those tests of a file that only read it: once, when the first asks for it. Ends it after the last test. */
export function onceForFile<T>(make: (ends: Ends) => Promise<T>): () => Promise<T> {
  const all: (() => Promise<void> | void)[] = [];
  let made: Promise<T> | undefined;
  afterAll(async () => {
    for (const end of all.toReversed()) await end();
  });
  return () => (made ??= make((end) => void all.push(end)));
}
