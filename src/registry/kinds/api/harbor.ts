import type { z } from 'zod';
import { basicAuthorization } from '../../../http/credentials/credential.ts';
import type { HttpRequest } from '../../../http/fetch.ts';
import { ensureStatus } from '../../../http/response/read.ts';
import { hostOf, splitRepository, type RepositoryName } from '../../../image/reference.ts';
import { refuseListing } from '../../listing/pages.ts';
import type { Call } from '../../roles.ts';
import type { ListerServices } from '../kind.ts';

/** The largest page size that the API permits. */
const PAGE = 100;

/** Statuses of an account, such as a robot, that may pull and push but not list. */
const NOT_OFFERED: readonly number[] = [400, 401, 403, 405, 501];

/**
 * One list of Harbor's API (https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml): what it lists, and the
 * schema of its entries.
 */
type HarborList<T> = {
  readonly of: RepositoryName;
  readonly path: string;
  readonly query?: string;
  readonly operation: string;
  readonly schema: z.ZodType<T>;
};

/** Reads a list entry by entry. Resolves to false if the API is not available to us. A 404 is an empty list. */
export async function readHarborList<T>(
  { readPages, request, credentials }: ListerServices,
  { of, path, query = '', operation, schema }: HarborList<T>,
  call: Call,
  take: (entry: T) => void,
): Promise<boolean> {
  // The API accepts no registry tokens, only passwords of users and robots.
  const login = await credentials?.(hostOf(of), call.signal, { repository: splitRepository(of).path });
  const headers =
    login?.kind === 'basic' ? { headers: { authorization: basicAuthorization(login.username, login.password) } } : {};
  const { url, ...rest } = request(of, '', { method: 'GET', operation: 'list', scopes: [], ...headers }, call);
  const first: HttpRequest = { ...rest, url: new URL(`/api/v2.0/${path}?page=1&page_size=${PAGE}${query}`, url) };
  const refuse = refuseListing(of);
  let isOffered = true;
  await readPages<T[]>({
    first,
    of,
    shape: 'list',
    refuse,
    open: () => [],
    entry: (page, value) => {
      page.push(schema.safeParse(value).data ?? refuse('is not in the format that Harbor documents'));
    },
    take: async ({ response, page }) => {
      if (response.status === 404) return false;
      isOffered = !NOT_OFFERED.includes(response.status);
      if (!isOffered) return false;
      await ensureStatus(response, [200], operation, of);
      for (const entry of page ?? []) take(entry);
      return true;
    },
  });
  return isOffered;
}
