import type { Timeouts } from './timeouts.ts';

/** Connection settings of one origin that differ from the defaults. */
export type OriginSettings = {
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** PEM certificates to trust in addition to the system's. */
  readonly ca?: string | undefined;
  /** Client certificate and key for the server, in PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
  /** Address of the HTTP proxy, with user and password. Default: none. */
  readonly proxy?: URL | undefined;
  /** Maximum number of sockets for this origin; as many as the permitted concurrent requests. */
  readonly connections?: number | undefined;
};

/** Returns the settings of an origin: a registry, token server or storage host. Called once for each origin. */
export type SettingsOf = (origin: URL) => OriginSettings;
