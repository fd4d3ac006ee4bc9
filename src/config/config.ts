import type { Pattern } from '../image/pattern.ts';
import type { CREDENTIALS, LISTINGS, ProxyChoice } from './rules.ts';

/** The registry configuration: valid, with its files read; everything not written is left out. */
export type RegistryConfig = {
  /** What covers an image's primary registry. */
  readonly primary?: Pattern;
  /** In the order of the file: the first that matches wins. */
  readonly publicNames: readonly {
    readonly match: Pattern;
    readonly name: string;
    /** What signatures that were made earlier may name instead. */
    readonly formerNames?: readonly string[];
  }[];
  /** In the order of the file: the first that matches wins; without a route attachments are replicated. */
  readonly attachments: readonly {
    readonly match: Pattern;
    readonly route?: { readonly through: string; readonly standby: readonly Pattern[] };
  }[];
  /** In the order of the file: the first that matches wins. */
  readonly registries: readonly RegistrySettings[];
};

/** What differs from the defaults for some hosts; times are in milliseconds, certificates and keys in PEM. */
export type RegistrySettings = {
  readonly match: Pattern;
  /** A name of `registry/kinds/index.ts`. */
  readonly kind?: string;
  readonly insecure?: boolean;
  readonly ca?: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly proxy?: ProxyChoice;
  readonly credentials?: (typeof CREDENTIALS)[number];
  readonly limits?: LimitSettings;
  readonly listing?: (typeof LISTINGS)[number];
  readonly mount?: boolean;
  readonly timeouts?: TimeoutSettings;
  readonly createRepositories?: boolean;
};

/** Rates are in requests a second. */
export type LimitSettings = {
  readonly group?: string;
  readonly start?: number;
  readonly floor?: number;
  readonly ceiling?: number;
  readonly burst?: number;
  readonly concurrency?: number;
};

export type TimeoutSettings = {
  readonly connect?: number;
  readonly headers?: number;
  readonly idle?: number;
  readonly request?: number;
  readonly bytesPerMinute?: number;
};

/** What holds where there is no configuration file. */
export const NO_CONFIG: RegistryConfig = { publicNames: [], attachments: [], registries: [] };

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** The settings of the host that serves this origin; `name` is what people call it, where that is another. */
export function settingsFor(config: RegistryConfig, origin: URL, name = origin.host): RegistrySettings | undefined {
  const { host, hostname, port, protocol } = origin;
  // A port may be written out although it is the default one.
  const names = [name, host, `${hostname}:${port === '' ? DEFAULT_PORTS[protocol] : port}`];
  return config.registries.find(({ match }) => names.some((one) => match.matches(one)));
}
