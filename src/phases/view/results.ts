import type { Failure } from '../../errors.ts';
import type { BrokenLink, LinkKind } from '../../mirroring/client-view.ts';
import type { PlannedCheck } from '../sigcheck/checked-images.ts';
import { placeOf } from '../sigcheck/failures.ts';

/** Known errors of routers, each with the report that described it. */
const HINTS: Readonly<Record<LinkKind, string>> = {
  tag: 'promote to the registry that answers there, or wait until what the router remembers has expired',
  image: 'promote to the registry that answers there, or wait until what the router remembers has expired',
  'signature tag': 'let the router ask the primary for tags such as sha256-….sig (kubernetes/registry.k8s.io#321)',
  referrers: 'let the router ask the primary for /v2/NAME/referrers/… (kubernetes-sigs/promo-tools#1945)',
  manifest:
    'let the router ask the primary for a digest that the region does not have (kubernetes/registry.k8s.io#324)',
  blob: 'let the router ask the primary for a blob that the region does not have (kubernetes-sigs/promo-tools#1949)',
};

/** Returns a failure for each link that is broken for clients. */
export function wrongLinks(check: PlannedCheck, broken: readonly BrokenLink[]): Failure[] {
  return broken.map(({ kind, link, why }) => ({
    phase: 'view',
    code: 'BROKEN_LINK',
    message: `${kind} ${link}: ${why}`,
    hint: HINTS[kind],
    ...placeOf(check),
    refs: [`${check.repository}@${check.digest}`],
  }));
}
