import type { Call } from '../../registry/roles.ts';
import type { SigningServices, SignRequest } from './services.ts';

type Work<T> = () => Promise<T>;
type List = SigningServices['list'];
type Image = Pick<SignRequest, 'repository' | 'digest'>;

/** Does work that attaches things to an image, and then has lists tell of them. Throws what failed first. */
export async function thenList<T>(list: List, image: Image, call: Call, work: Work<T>): Promise<T> {
  const done = await listIfFailed(list, image, call, work);
  await list?.(image, call);
  return done;
}

/**
 * Does work that attaches things to an image. If it fails, has lists tell of what was attached all the same: what no list tells of
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
