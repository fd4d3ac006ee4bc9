import type { PlannedImage } from '../images.ts';
import type { Plan } from '../plan.ts';

/** How many bytes an image is at most to be read and written, where its size is known. */
export function plannedBytes({ details }: Plan): (image: PlannedImage) => number {
  return ({ wanted, targets }) => {
    const copies = targets.filter(({ action }) => action === 'copy').length;
    return copies === 0 ? 0 : (details?.get(wanted)?.size ?? 0) * (copies + 1);
  };
}
