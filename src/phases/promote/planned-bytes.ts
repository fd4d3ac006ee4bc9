import type { PlannedImage } from '../images.ts';
import type { Plan } from '../plan.ts';

/** Returns the most bytes that an image reads and writes; 0 if its size is unknown. */
export function plannedBytes({ details }: Plan): (image: PlannedImage) => number {
  return ({ wanted, targets }) => {
    const copies = targets.filter(({ action }) => action === 'copy').length;
    return copies === 0 ? 0 : (details?.get(wanted)?.size ?? 0) * (copies + 1);
  };
}
