/** The sources that are tried without configuration, in order: Docker logins before the cloud of the host. */
export const DEFAULT_ORDER = ['docker', 'google', 'ecr', 'acr', 'ghcr', 'gitlab'] as const;

/** Names of credential sources in the configuration. */
export const SOURCE_NAMES = [...DEFAULT_ORDER, 'none'] as const;

export type SourceName = (typeof SOURCE_NAMES)[number];
