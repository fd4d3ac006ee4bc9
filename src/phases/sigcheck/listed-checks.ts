import type { Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import { routeOf } from '../../plan/places/attachments.ts';
import type { Checked } from '../../plan/checks.ts';
import type { AskedServices } from './asked-checks.ts';
import { unlistedFailures, withoutLists } from '../reading/without-lists.ts';

/** Leaves out images routed to a primary without the referrers API: clients cannot find their attachments. */
export async function listedChecks(
  services: AskedServices,
  checks: readonly Checked[],
  context: Context,
): Promise<{ readonly checks: readonly Checked[]; readonly failures: readonly Failure[] }> {
  const { attachments } = services.rules;
  const isRouted = ({ repository, routed = [] }: Checked): boolean =>
    routed.length > 0 || routeOf(repository, attachments) !== undefined;
  const places = checks.filter(isRouted);
  const unlistedOf = await withoutLists(services, places, context);
  const failures = unlistedFailures(
    places.map(({ repository }) => repository),
    unlistedOf,
  );
  context.emit({ type: 'failures', failures });
  return { checks: checks.filter((one) => !isRouted(one) || unlistedOf(one.repository) === undefined), failures };
}
