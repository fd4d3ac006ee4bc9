import type { HttpRequest } from '../../http/fetch.ts';

/** A permit to send one request to a service. */
export type Permit = NonNullable<HttpRequest['permit']>;
