import { count } from '../../text/layout.ts';
import type { InventoryReport, RunReport } from '../model/report.ts';

/** Formats how the run used the inventory cache. Empty without a cache. */
export function inventoryLines({ inventory, totals }: Pick<RunReport, 'inventory' | 'totals'>): readonly string[] {
  if (inventory === undefined) return [];
  const { believed, since, checked, changed, wrong } = inventory;
  const all = count(totals.repositories, 'repository', 'repositories');
  const differ = changed === 0 ? '' : `, ${changed} with other content than before`;
  return [
    ...(since === undefined
      ? []
      : [`  ${believed} of ${all} not read: complete by the inventory cache, last read at ${since} or later`]),
    ...(checked === 0 || wrong.length > 0 ? [] : [`  ${checked} read that the cache has: all complete${differ}`]),
    ...wrongLines(wrong),
  ];
}

/** More repositories are only counted; the report has all. */
const LISTED = 5;

function wrongLines(wrong: InventoryReport['wrong']): readonly string[] {
  if (wrong.length === 0) return [];
  const more = wrong.length > LISTED ? ` and ${wrong.length - LISTED} more` : '';
  return [`  the inventory cache was wrong about ${wrong.slice(0, LISTED).join(', ')}${more}: it was not used`];
}
