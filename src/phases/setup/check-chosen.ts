import { PromotionError } from '../../errors.ts';
import { coversRegistry } from '../../image/pattern.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import { strayStandby } from '../../plan/places/attachments.ts';
import type { PrimaryRules } from './check-primary.ts';

/** Throws USAGE, or CONFIG_INVALID, if no destination of any project is the primary that was chosen, or a standby. */
export function checkChosen(
  { projects, problems }: LoadedManifests,
  { chosen, isFlag = false, attachments }: PrimaryRules,
): void {
  // an omitted project may have it
  if (problems.some(({ code }) => code !== 'ENTRY_INVALID')) return;
  const names = new Set(projects.flatMap(({ destinations }) => destinations.map(({ name }) => name)));
  const stray = strayStandby([...names], attachments);
  if (stray !== undefined) throw strayError(stray.standby.text, stray.match.text);
  if (chosen === undefined || names.size === 0 || [...names].some((name) => coversRegistry(chosen, name))) return;
  const where = isFlag ? '--primary-registry' : '"primary" of the registry configuration';
  const [first = '', ...others] = names;
  const more = others.length === 0 ? '' : ` or one of ${others.length} others`;
  throw new PromotionError(
    isFlag ? 'USAGE' : 'CONFIG_INVALID',
    `${where}: ${JSON.stringify(chosen.text)} matches no destination of the manifests`,
    { hint: `write a pattern that matches ${first}${more}` },
  );
}

function strayError(standby: string, match: string): PromotionError {
  return new PromotionError(
    'CONFIG_INVALID',
    `"attachments" of the registry configuration: the standby ${JSON.stringify(standby)} of ${JSON.stringify(match)} matches no destination of the manifests`,
    { hint: 'write the destination as the manifests name it, or leave the standby out' },
  );
}
