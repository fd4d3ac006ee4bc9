import type { Flag } from './flag.ts';

/** Where the manifests are. */
export const MANIFEST_FLAGS = [
  {
    name: 'manifests',
    type: 'string',
    default: '',
    value: 'PATH',
    completes: 'file',
    help: 'Where the manifests are: a plain manifest, a manifest tree, or a folder that holds trees deeper down.',
  },
  {
    name: 'all-trees',
    type: 'bool',
    default: 'false',
    help: 'Read every tree below --manifests. Without it a folder with several trees is an error, and one has to be named.',
  },
  {
    name: 'thin-manifest-dir',
    type: 'string',
    default: '',
    value: 'DIR',
    completes: 'directory',
    help: 'Where the manifests are: a manifest tree, a folder with images/ and manifests/.',
  },
  {
    name: 'manifest',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Where the manifests are: a plain manifest.',
  },
] as const satisfies readonly Flag[];

/** What of the manifests is looked at. */
export const DIFF_FLAGS = [
  {
    name: 'use-prow-manifest-diff',
    type: 'bool',
    default: 'false',
    help: 'Only look at what a Prow job changed: since PULL_BASE_SHA in a presubmit or batch, since HEAD^ in a postsubmit (JOB_TYPE).',
  },
  {
    name: 'manifest-diff-since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Only look at what changed in Git since then: an age (14d, 336h, "14 days") or a date (2026-01-31).',
  },
] as const satisfies readonly Flag[];

/** How registries are reached. */
export const REGISTRY_FLAGS = [
  {
    name: 'allow-registry',
    type: 'stringArray',
    default: '',
    value: 'PATTERN',
    help: 'A registry that manifests may name, as host[:port][/path] with * and **; may be repeated. Any other is an error. Without the flag every registry is allowed.',
  },
  {
    name: 'registry-config',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'How registries are reached: certificates, proxies, credentials, limits and more; docs/registry-config.md explains it.',
  },
  {
    name: 'max-wait',
    type: 'duration',
    default: '10m',
    min: 1,
    value: 'DURATION',
    help: 'The longest pause that a registry may ask for (Retry-After); if it asks for a longer one, what is left there fails.',
  },
  {
    name: 'timeout',
    type: 'duration',
    default: '0s',
    min: 0,
    example: '30s',
    value: 'DURATION',
    help: 'How long a request that fails is tried, all attempts together. 0s: 2m, and 10s (30s with --confirm) for a host that has not answered yet and refuses connections, is unknown or does not speak HTTP. Waits that a registry orders (--max-wait) do not count.',
  },
  {
    name: 'retries',
    type: 'int',
    default: '-1',
    min: -1,
    example: '3',
    value: 'N',
    help: 'How often a request that fails is tried again, within --timeout; 0 tries once. -1: as often as the time allows.',
  },
  {
    name: 'limiter',
    type: 'string',
    default: '',
    value: 'URL',
    help: 'A Redis server through which jobs that run at the same time share what each registry allows: redis://[user:password@]host[:port][/db], or rediss:// for TLS. KPROMO_LIMITER says the same, and is the place for a password.',
  },
] as const satisfies readonly Flag[];
