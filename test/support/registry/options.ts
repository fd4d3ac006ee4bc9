import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import type { RegistryStore, StoreOptions } from '../memory-registry/store.ts';
import type { AuthOptions, Gate } from './auth.ts';
import type { FaultHook, Quota, RandomFault } from './faults.ts';
import type { Route } from './route.ts';
import type { Uploads } from './uploads.ts';

/** How a test registry behaves; without options as a strict registry of distribution-spec 1.1. */
export type RegistryOptions = Omit<StoreOptions, 'now'> & {
  /** A fixed port for restarts and for the demo; any free one by default. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Returns the Unix milliseconds that the `Date` header shows, or nothing for no such header; the machine's clock by default. */
  readonly date?: () => number | undefined;
  /** Lists all manifests of a repository in `tags/list`, as gcr.io and pkg.dev do. */
  readonly google?: boolean;
  /**
   * Answers the referrers API; true by default. `bare`: without types and annotations; `config-type`: with the config's
   * type as that of every artifact; `unannounced`: does not say at a push that it lists the manifest, as ECR.
   */
  readonly referrers?: boolean | 'bare' | 'config-type' | 'unannounced';
  /** Keeps what it has under a digest when a blob is sent again, whatever it has, as docker-registry does. */
  readonly keepsDamaged?: boolean;
  /** Lists its repositories; true by default. */
  readonly catalog?: boolean;
  /** Mounts blobs; true by default. */
  readonly mounts?: boolean;
  /** The most tags, referrers or repositories on one page of a listing, whatever was asked for; unlimited by default. */
  readonly pageSize?: number;
  /** Sends entity tags with manifests and honours `If-Match` and `If-None-Match` when one is written. */
  readonly conditionalWrites?: boolean;
  /** Leaves `Docker-Content-Digest` out, as the specification allows. */
  readonly omitDigestHeader?: boolean;
  /** Says 404 for a manifest whose type the request does not accept; true by default. */
  readonly strictAccept?: boolean;
  readonly auth?: AuthOptions;
  /** Milliseconds before each answer, tokens included. */
  readonly latencyMs?: number;
  readonly quota?: Quota;
  readonly fault?: FaultHook;
  /** A fault of a random share of all requests, the same ones for the same seed. */
  readonly randomFault?: RandomFault;
  /** Uploads of more bytes are checked and dropped: HEAD finds them, GET says 500. 64 MiB by default, so that a test of GiB blobs stays small. */
  readonly keepUploadsBelow?: number;
  /** False keeps no log of requests; counters always count. */
  readonly keepLog?: boolean;
};

/** One request on its way through the handlers. */
export type Exchange = {
  readonly options: RegistryOptions;
  readonly store: RegistryStore;
  readonly uploads: Uploads;
  readonly gate: Gate;
  readonly route: Route;
  readonly url: URL;
  readonly request: IncomingMessage;
  /** The request's body as it comes, counted and as slow as a fault wants it. */
  readonly body: () => AsyncIterable<Uint8Array>;
  readonly mounted: () => void;
};
