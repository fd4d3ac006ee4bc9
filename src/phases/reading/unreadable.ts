import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { causesOf, type Cause } from '../../pipeline/causes.ts';

type Unread = {
  readonly code: PromotionError['code'];
  readonly message: string;
  readonly hint: string | undefined;
  readonly refs: readonly [RepositoryName];
};

/** Returns one failure for each cause, with all repositories that could not be read because of it. */
export function unreadable(errors: ReadonlyMap<RepositoryName, PromotionError>): Failure[] {
  const unread = [...errors].map(([repository, { code, message, hint }]): Unread => ({
    code,
    message,
    hint,
    refs: [repository],
  }));
  return causesOf(unread).map(unreadFailure);
}

function unreadFailure({ first, failures, hosts }: Cause<Unread>): Failure {
  const { code, message, hint } = first;
  const others = hosts.length === 1 ? '' : ` and ${hosts.length - 1} more`;
  const alike = hosts.length === 1 ? '' : '; the same holds for the others';
  return failureOf(
    'plan',
    {
      code,
      message: `reading registry ${hosts[0] ?? ''}${others}: ${message}`,
      hint: hint === undefined ? undefined : `${hint}${alike}`,
    },
    { refs: failures.flatMap(({ refs }) => refs) },
  );
}
