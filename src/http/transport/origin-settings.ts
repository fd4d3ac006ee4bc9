import type { Timeouts } from './timeouts.ts';

/** How one origin is reached, where that differs from the defaults. */
export type OriginSettings = {
  readonly timeouts?: Partial<Timeouts>;
  /** PEM certificates that are trusted besides the system's. */
  readonly ca?: string;
  /** What proves to the server who we are, in PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  /** The HTTP proxy on the way, with its user and password; none unless given. */
  readonly proxy?: URL;
  /** Sockets for this origin; as many as requests are let through at once. */
  readonly connections?: number;
};

/** The settings of each origin, registries, token servers and storage alike; asked for once an origin. */
export type SettingsOf = (origin: URL) => OriginSettings;
