import type { Failure, PromotionError } from '../errors.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';

type Trouble = { readonly error: PromotionError; readonly refs: RepositoryName[] };

/** One failure for each kind of trouble, with all the repositories, of however many registries, that have it. */
export function unreadable(errors: ReadonlyMap<RepositoryName, PromotionError>): Failure[] {
  const byHost = new Map<string, Trouble>();
  for (const [repository, error] of errors) add(byHost, `${hostOf(repository)} ${error.code}`, error, [repository]);
  const byKind = new Map<string, Trouble>();
  for (const { error, refs } of byHost.values())
    add(byKind, `${error.code} ${withoutPlace(error.message, refs[0] ?? '')}`, error, refs);
  return [...byKind.values()].map(failureOf);
}

function add(
  troubles: Map<string, Trouble>,
  key: string,
  error: PromotionError,
  refs: readonly RepositoryName[],
): void {
  const trouble = troubles.get(key) ?? { error, refs: [] };
  for (const ref of refs) trouble.refs.push(ref);
  troubles.set(key, trouble);
}

function failureOf({ error, refs }: Trouble): Failure {
  const hosts = new Set(refs.map(hostOf));
  const [first = ''] = hosts;
  const others = hosts.size === 1 ? '' : ` and ${hosts.size - 1} more`;
  const alike = hosts.size === 1 ? '' : '; the same holds for the others';
  return {
    phase: 'plan',
    code: error.code,
    message: `reading registry ${first}${others}: ${error.message}`,
    ...(error.hint !== undefined && { hint: `${error.hint}${alike}` }),
    refs,
  };
}

/** The message as every registry in the same trouble would have it. */
function withoutPlace(message: string, repository: RepositoryName): string {
  const path = repository.slice(hostOf(repository).length + 1);
  return message
    .replaceAll(repository, '')
    .replaceAll(hostOf(repository), '')
    .replaceAll(path, '')
    .replace(/ \(after \d+ attempts\)$/, '');
}
