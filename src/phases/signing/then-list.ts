import type { Call } from '../../registry/roles.ts';
import type { SigningServices, SignRequest } from './services.ts';

type Work<T> = () => Promise<T>;
type List = SigningServices['list'];
type Image = Pick<SignRequest, 'repository' | 'digest'>;

/** Attaches to an image, then updates the lists of what is attached. Throws the first error. */
export async function thenList<T>(list: List, image: Image, call: Call, work: Work<T>): Promise<T> {
  const done = await listIfFailed(list, image, call, work);
  await list?.(image, call);
  return done;
}

/**
 * Attaches to an image. If that fails, updates the lists nevertheless: an attachment that no list has
 * would be signed again by the next run.
 */
export async function listIfFailed<T>(list: List, image: Image, call: Call, work: Work<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!call.signal.aborted) await Promise.allSettled([list?.(image, call)]);
    throw error;
  }
}
