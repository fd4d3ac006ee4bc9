import type { HttpRequest } from '../../http/fetch.ts';

/** Leave to send one request to a service. */
export type Permit = NonNullable<HttpRequest['permit']>;
